/** Delta files for pages: at a URL, or a file of the user's. */
import type { DeltaInput } from "../jobs/open_patches.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import { HttpBytes } from "../stores/http/http_bytes.ts";
import { parseHttpLocation } from "../stores/http/http_location.ts";
import { MOST_WHOLE_BYTES, wholeBytes } from "../stores/whole_bytes.ts";
import { retriedBytes } from "../stores/wrappers/retried_bytes.ts";
import { DEFAULT_RETRY } from "../stores/wrappers/retry.ts";
import { fileFailure } from "./file_failure.ts";

/**
 * A delta file at a URL, of which parts are read where the server gives parts, or in a file.
 *
 * Throws {@linkcode DesyncError}: `store`, `timeout`, `interrupted`, and `unsupported` for more than 64 MiB of a server that
 * gives no parts.
 *
 * @example An update of a file that the user has
 * ```ts ignore
 * const deltas = [await openDeltaFile("https://example.com/v1-v2.cadelta")];
 * await extractToChosenFile(index, stores, file, workers, { seeds, deltas });
 * ```
 */
export async function openDeltaFile(
  from: string | File,
  options: { readonly signal?: AbortSignal } = {},
): Promise<DeltaInput> {
  if (typeof from !== "string") return { location: from.name, access: fileAccess(from) };
  const location = parseHttpLocation(from);
  const source = retriedBytes(new HttpBytes(location, {}), DEFAULT_RETRY);
  const access = await source.access(options) ?? await wholeBytes(source, MOST_WHOLE_BYTES, options.signal);
  return { location: location.redacted, access };
}

function fileAccess(file: File): RandomAccess {
  const read = async (start: number, end: number) => {
    try {
      return new Uint8Array(await file.slice(start, end).arrayBuffer());
    } catch (error) {
      throw fileFailure("read", file.name, error);
    }
  };
  return {
    size: file.size,
    read: (offset, length) => read(offset, offset + length),
    async *pieces(start, end) {
      yield await read(start, end);
    },
  };
}

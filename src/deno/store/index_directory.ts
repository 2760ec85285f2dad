/** Indexes in a directory of this machine. */
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { parsePieces } from "../../formats/index/index_parser.ts";
import type { WritableIndexStore } from "../../stores/index_store.ts";
import { DesyncError } from "../../core/errors.ts";
import { kindOfFile } from "../files/file_kind.ts";
import { filePieces } from "../files/file_pieces.ts";

/** How {@linkcode IndexDirectory} reads and writes. */
export interface IndexDirectoryOptions {
  /** Use named pipes and devices too, for which the caller may have to wait. Default: only files. */
  readonly pipes?: boolean;
  /** No power cut takes anything away from what was written. Default: true. */
  readonly sync?: boolean;
}

/**
 * Reads and writes the files of a directory.
 *
 * @example Serve the indexes of a directory
 * ```ts
 * import { indexHandler } from "@desync/desync";
 * import { IndexDirectory } from "@desync/desync/deno";
 *
 * const handler = indexHandler(new IndexDirectory("testdata"));
 * const answer = await handler(new Request("http://localhost/casync-blob.caibx"));
 * const index = await answer.bytes();
 * if (index.length !== (await Deno.stat("testdata/casync-blob.caibx")).size) throw new Error("a part is missing");
 * ```
 */
export class IndexDirectory implements WritableIndexStore {
  readonly #path: string;
  readonly #options: IndexDirectoryOptions;

  /** `path` is the directory; empty, it is the current one. */
  constructor(path: string, options: IndexDirectoryOptions = {}) {
    this.#path = path === "" || /[\\/]$/.test(path) ? path : `${path}/`;
    this.#options = options;
  }

  /** The index in the file of that name. Throws `invalid-index` for what is not a file. */
  async read(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<Index> {
    const path = this.#path + name;
    const displayName = `the index ${path}`;
    const info = await Deno.stat(path).catch(() => undefined); // using it gives the error
    if (!this.#options.pipes) checkFile(info, "read", displayName);
    return await parsePieces(filePieces(path, options.signal, displayName), info?.size);
  }

  /** Throws `usage` if there is something else than a file of that name. */
  async check(name: string): Promise<void> {
    if (!this.#options.pipes) {
      checkFile(await Deno.stat(this.#path + name).catch(() => undefined), "write", this.#path + name);
    }
    // Most runs only read: they load nothing of what writes.
    const { checkOutput } = await import("../output/output_checks.ts");
    checkOutput(this.#path + name);
  }

  /** Replaces the file of that name at once. */
  async write(name: string, index: Index, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    const { writeWhole } = await import("../output/write_whole.ts");
    await writeWhole(this.#path + name, () => [serializeIndex(index)], {
      signal,
      sync: this.#options.sync ?? true,
    });
  }
}

/** Throws unless it is a file, or nothing: a named pipe would keep its reader or writer waiting. */
function checkFile(info: Deno.FileInfo | undefined, action: "read" | "write", displayName: string): void {
  if (info === undefined || info.isFile) return;
  const reason = `it is ${kindOfFile(info)}, not a file`;
  throw new DesyncError(action === "read" ? "invalid-index" : "usage", {
    action,
    subject: displayName,
    reason,
  });
}

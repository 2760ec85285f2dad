/** `desync cat INDEX [OUTPUT]` */
import { DesyncError } from "../../errors.ts";
import { nativeCodec } from "../../deno/native_codec.ts";
import { fileError } from "../../deno/file_errors.ts";
import { ChunkedBlob } from "../../jobs/blob.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { OutputClosed, printBytes } from "../output.ts";

/** Writes the bytes in order. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, output] = args;
  const locator = new Locator(flags);
  const index = await locator.index(indexLocation, signal);
  const { offset, length } = flags;
  if (offset + length > index.size) {
    const range = length === 0 ? `offset ${offset}` : `bytes ${offset} to ${offset + length}`;
    throw new DesyncError("usage", `Cannot write ${range}: the blob has ${index.size} bytes`);
  }
  const sources = locator.sources(index.sizes.max);
  const blob = ChunkedBlob.open(index, sources, { codec: nativeCodec, limits: locator.limits });
  const part = blob.slice(offset, length === 0 ? blob.size : offset + length);
  using target = openOutput(output);
  for await (const piece of part.stream({ signal })) target.write(piece);
  return DONE;
}

interface Output extends Disposable {
  write(bytes: Uint8Array): void;
}

function openOutput(path: string | undefined): Output {
  if (path === undefined || path === "-") return { write: printBytes, [Symbol.dispose]: () => {} };
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw fileError(`write ${path}`, error);
  }
  return {
    write: (bytes) => {
      try {
        for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
        throw fileError(`write ${path}`, error);
      }
    },
    [Symbol.dispose]: () => file.close(),
  };
}

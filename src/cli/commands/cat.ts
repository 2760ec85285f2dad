/** `desync cat INDEX [OUTPUT]` */
import { DesyncError } from "../../errors.ts";
import { nativeCodec } from "../../deno/native_codec.ts";
import { fileError } from "../../deno/file_errors.ts";
import { ChunkedBlob } from "../../jobs/blob.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { OutputClosed } from "../output.ts";
import { orInterrupted } from "../signals.ts";

/** Writes the bytes in order. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, output] = args;
  await using locator = new Locator(flags);
  const index = await locator.index(indexLocation, signal);
  const { offset, length } = flags;
  if (offset + length > index.size) {
    const range = length === 0 ? `offset ${offset}` : `bytes ${offset} to ${offset + length}`;
    throw new DesyncError("usage", `Cannot write ${range}: the blob has ${index.size} bytes`);
  }
  const sources = locator.sources(index.sizes.max);
  const blob = ChunkedBlob.open(index, sources, { codec: nativeCodec, limits: locator.limits });
  const part = blob.slice(offset, length === 0 ? blob.size : offset + length);
  const toStandardOutput = output === undefined || output === "-";
  try {
    if (toStandardOutput) {
      await writeTo(Deno.stdout, part, signal);
    } else {
      using file = await orInterrupted(
        Deno.open(output, { write: true, create: true, truncate: true }),
        signal,
      );
      await writeTo(file, part, signal);
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw fileError(`write ${toStandardOutput ? "standard output" : output}`, error);
  }
  return DONE;
}

/** A pipe may have a reader that takes its time, or none yet: nothing here waits for it in a way that Ctrl-C cannot end. */
async function writeTo(
  target: { write(bytes: Uint8Array): Promise<number> },
  blob: ChunkedBlob,
  signal: AbortSignal,
): Promise<void> {
  for await (const piece of blob.stream({ signal })) {
    for (let at = 0; at < piece.length;) {
      at += await orInterrupted(target.write(piece.subarray(at)), signal);
    }
  }
}

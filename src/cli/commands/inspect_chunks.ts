/** `desync inspect-chunks INDEX [OUTPUT]` */
import { ChunkFolder } from "../../deno/chunk_folder.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { outputPath } from "../local_path.ts";
import { localStore, Locator } from "../location.ts";
import { writeResult } from "../piece_output.ts";

/** One chunk in the list, with desync's names. */
interface ListedChunk {
  readonly id: string;
  readonly "uncompressed_size": number;
  readonly "compressed_size"?: number;
}

/** Lists the chunks. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, output] = args;
  if (output !== undefined) outputPath(output, indexLocation);
  const index = await new Locator(flags).index(indexLocation, signal);
  const store = flags.store === undefined
    ? undefined
    : new ChunkFolder(localStore(flags, "look into").folder);
  const chunks: ListedChunk[] = [];
  for (let i = 0; i < index.count; i++) {
    const id = index.id(i);
    const size = store?.compressedSize(id);
    chunks.push({
      id,
      uncompressed_size: index.length(i),
      ...(size === undefined ? {} : { compressed_size: size }),
    });
  }
  const text = `${JSON.stringify(chunks, null, 2)}\n`;
  await writeResult(output, new TextEncoder().encode(text), signal);
  return DONE;
}

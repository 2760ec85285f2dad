/** `desync inspect-chunks INDEX [OUTPUT]` */
import { ChunkDirectory } from "../../deno/store/chunk_directory.ts";
import type { Index } from "../../formats/index/index.ts";
import type { Args, Flags } from "../commands/inspect_chunks.ts";
import { DONE } from "../exit_status.ts";
import { checkOutputPath } from "../inputs/local_path.ts";
import { notADirectory } from "../../stores/registry.ts";
import { Yielder } from "../../core/yielder.ts";
import { Locator } from "../locator.ts";
import { writeWholePieces } from "../output/piece_output.ts";

/** Chunks that are written at a time. */
const GROUP = 1000;

/** Lists the chunks. */
export async function run(
  { index: location, output }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  if (output !== undefined) checkOutputPath(output, location);
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const { sourceStore } = flags;
  const store = sourceStore === undefined ? undefined : await openDirectory(locator, sourceStore);
  await writeWholePieces(output, () => listOf(index, store, new Yielder(signal)), signal);
  return DONE;
}

async function openDirectory(locator: Locator, store: string): Promise<ChunkDirectory> {
  const { directory, encryption, location } = (await locator.managed(store, "look into")).properties;
  if (directory === undefined) throw notADirectory("usage", { action: "look into", subject: location });
  return new ChunkDirectory({ directory, encryption });
}

/** The list as desync prints it, in pieces: that of a large index takes more memory than the index. */
async function* listOf(
  index: Index,
  store: ChunkDirectory | undefined,
  yielder: Yielder,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (index.count === 0) {
    yield encoder.encode("[]\n");
    return;
  }
  for (let from = 0; from < index.count; from += GROUP) {
    const to = Math.min(from + GROUP, index.count);
    let text = from === 0 ? "[\n" : ",\n";
    for (let i = from; i < to; i++) text += `${i === from ? "" : ",\n"}${entryOf(index, i, store)}`;
    await yielder.yieldIfDue();
    yield encoder.encode(to === index.count ? `${text}\n]\n` : text);
  }
}

/** One chunk in the list, with desync's names; all that is in it needs no escapes. */
function entryOf(index: Index, i: number, store: ChunkDirectory | undefined): string {
  const id = index.id(i);
  const size = store?.sizeOfForm(id, "compressed");
  const compressed = size === undefined ? "" : `,\n    "compressed_size": ${size}`;
  return `  {\n    "id": "${id}",\n    "uncompressed_size": ${index.length(i)}${compressed}\n  }`;
}

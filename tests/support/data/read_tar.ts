/** Tars as the program reads them. */
import { type ReadTarOptions, readTarTree } from "../../../src/deno/tree/tar_source.ts";
import { EventLog, type SeenNode } from "./archive_events.ts";

/** What a tar is read as. */
export async function seen(
  input: string | AsyncIterable<Uint8Array>,
  options?: ReadTarOptions,
): Promise<{ nodes: SeenNode[]; hardLinks: number }> {
  const log = new EventLog();
  const { hardLinks } = await readTarTree(input, log.onEvent, options);
  return { nodes: log.all, hardLinks };
}

/** A stream of these bytes. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size));
}

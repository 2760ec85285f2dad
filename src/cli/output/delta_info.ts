/** What `desync info` prints of a delta file. */
import { toHex } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { nativeCodec } from "../../deno/codec/native_codec.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { type DeltaHead, isBaseOf, openDelta, readDeltaHead } from "../../delta/delta_file.ts";
import { deltaBytes } from "../../delta/delta_header.ts";
import type { FrameCodec } from "../../delta/frame_list.ts";
import type { Index } from "../../formats/index/index.ts";
import { deltaAccess } from "../inputs/deltas.ts";
import type { Locator } from "../locator.ts";
import { print } from "./output.ts";

type Line = readonly [key: string, words: string, value: number | string];

/** Prints what the header says and, where the old version is among `seeds`, what is in the table. */
export async function printDelta(
  location: string,
  seeds: readonly Index[],
  plain: boolean,
  locator: Locator,
  signal: AbortSignal,
): Promise<void> {
  const subject = `the delta ${redactLocation(location)}`;
  let lines: Line[];
  const access = await deltaAccess(location, locator, signal);
  try {
    const head = await readDeltaHead(access, nativeCodec, { signal });
    lines = [...headerLines(head), ...tableLines(head, seeds)];
  } catch (error) {
    throw error instanceof DesyncError ? error.withContext({ action: "read", subject }) : error;
  }
  print(
    plain
      ? `${lines.map(([, words, value]) => `${words}: ${value}`).join("\n")}\n`
      : `${JSON.stringify(Object.fromEntries(lines.map(([key, , value]) => [key, value])), null, 2)}\n`,
  );
}

function headerLines({ header }: DeltaHead): Line[] {
  return [
    ["size", "Size of the delta", deltaBytes(header)],
    ["table-size", "Size of its table", header.tableBytes],
    ["digest", "Digest", header.digest],
    ["old-chunks", "Chunks of the old version", header.baseCount],
    ["old-size", "Size of the old version", header.baseSize],
    ["old-digest", "Digest of the old version's chunk table", toHex(header.baseDigest)],
    ["new-chunks", "Chunks of the new version", header.targetCount],
    ["new-digest", "Digest of the new version's index", toHex(header.targetDigest)],
    ["largest-base", "Largest old chunks of a frame", header.largestBase],
    ["largest-frame", "Largest new chunks of a frame", header.largestFrame],
  ];
}

/** Nothing without the old version: the table cannot be read then. */
function tableLines(head: DeltaHead, seeds: readonly Index[]): Line[] {
  const base = seeds.find((seed) => isBaseOf(seed, head, nativeCodec));
  if (base === undefined && head.header.baseCount > 0) return [];
  const { target, frames } = openDelta(head, base, nativeCodec);
  const count = (codec: FrameCodec) =>
    frames.reduce((sum, frame) => frame.codec === codec ? sum + frame.chunks.length : sum, 0);
  return [
    ["blob-size", "Size of the new version", target.size],
    ["frames", "Frames", frames.length],
    ["chunks-from-old", "Chunks made out of old ones", count("prefixed")],
    ["chunks-alone", "Chunks that need no old ones", count("alone")],
    ["chunks-elsewhere", "New chunks that are only in stores", count("elsewhere")],
    ["chunks-size", "Size of the chunks that it makes", frames.reduce((sum, { size }) => sum + size, 0)],
  ];
}

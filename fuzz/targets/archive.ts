/** Archives (.catar). */
import { ok } from "node:assert/strict";
import { concat } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { ArchiveDecoder, type ArchiveEvent } from "../../src/formats/archive/archive.ts";
import { ELEMENT } from "../../src/formats/archive/archive_elements.ts";
import { ArchiveEncoder } from "../../src/formats/archive/archive_encoder.ts";
import { TarDecoder } from "../../src/formats/tar/tar_decoder.ts";
import { TarEncoder } from "../../src/formats/tar/tar_encoder.ts";
import { listLine } from "../../src/formats/archive/node_text.ts";
import { mtreeLine } from "../../src/formats/archive/mtree.ts";
import { repairArchive, splitElements } from "../archive_pieces.ts";
import { joinData } from "../archive_events.ts";
import { everything } from "../everything.ts";
import { testdataBytes } from "../seeds.ts";
import { assertSame } from "../same.ts";
import { inPieces, type Target, words } from "../target.ts";

interface Decoded {
  readonly events: ArchiveEvent[];
  readonly error?: DesyncError;
}

function decode(pieces: readonly Uint8Array[]): Decoded {
  const decoder = new ArchiveDecoder();
  const events: ArchiveEvent[] = [];
  const take = () => {
    for (let event = decoder.next(); event !== null; event = decoder.next()) events.push(event);
  };
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      take();
    }
    decoder.end();
    take();
    decoder.finish();
    return { events };
  } catch (error) {
    if (error instanceof DesyncError) return { events, error };
    throw error;
  }
}

/** The archive of these events, or why there can be none. */
function encode(events: readonly ArchiveEvent[], features: bigint): Uint8Array | string {
  const pieces: Uint8Array[] = [];
  const encoder = new ArchiveEncoder(features, (piece) => pieces.push(piece));
  try {
    for (const event of events) encoder.visit(event);
    encoder.finish();
  } catch (error) {
    if (error instanceof DesyncError && ["usage", "unsupported"].includes(error.code)) return error.code;
    throw error;
  }
  return concat(pieces);
}

/** Whatever can be read can be written as a tar, which can be read. */
function checkTar(events: readonly ArchiveEvent[]): void {
  const encoder = new TarEncoder("root", () => {});
  const pieces = [...events.flatMap((event) => encoder.visit(event)), encoder.finish()];
  const decoder = new TarDecoder(() => 1);
  for (const piece of pieces) decoder.push(piece);
  let members = 0;
  while (decoder.next() !== null) members++;
  decoder.finish();
  const nodes = events.filter((event) => event.type === "node" && event.node.kind !== "socket");
  assertSame(members, nodes.length);
}

/** An archive that was read and written is read the same and written the same. */
function checkAgain(events: readonly ArchiveEvent[], features: bigint): string {
  const written = encode(events, features);
  if (typeof written === "string") return written;
  const again = decode([written]);
  if (again.error !== undefined) throw new Error(`what was written is not read: ${again.error.message}`);
  assertSame(encode(again.events, features), written);
  return "written";
}

export const archive: Target = {
  name: "archive",
  codes: ["invalid-archive"],
  words: [
    ...Object.values(ELEMENT).map((type) => new Uint8Array(BigUint64Array.of(type).buffer)),
    ...words("..", ".", "/", "a\0b", "user.", "trusted.x\0", "security.capability\0", "x".repeat(255)),
  ],
  // A writer's own buffer is 256 KiB, and a new one is made for each that is passed on.
  freeBytes: 4 * 1024 * 1024,
  seeds: () => [
    everything(),
    testdataBytes("nodes.catar"),
    testdataBytes("tree.catar"),
    testdataBytes("desync-tree.catar"),
  ],
  split: splitElements,
  repair: repairArchive,
  check(input) {
    const { events, error } = decode([input]);
    const split = decode(inPieces(input));
    assertSame(joinData(split.events), joinData(events));
    assertSame(split.error?.message, error?.message);
    // No event is made of nothing.
    ok(events.length <= input.length / 4 + 4, `${events.length} events`);
    const nodes = events.flatMap((event) => event.type === "node" ? [event.node] : []);
    for (const node of nodes) {
      const lines = listLine(".", node) + mtreeLine(".", node);
      ok(/^[\x21-\x7e \n]*$/.test(lines) && lines.split("\n").length === 3, lines);
    }
    if (error !== undefined) throw error;
    checkTar(events);
    return checkAgain(events, nodes[0].features);
  },
};

/**
 * A blob cut by the test itself, with its index and its store, written by the test's own means and not by the
 * program's: so that each part of it can be wrong.
 */

import { gzipSync } from "node:zlib";
import {
  indexBytes,
  type IndexFields,
  type IndexItem,
  sha256Flags,
  sha512256Flags,
} from "./data/index_bytes.ts";
import { joined } from "./data/joined.ts";
import { Random } from "./random.ts";
import { chunkPath, sha256, sha512256 } from "./sha.ts";
import type { TempDir } from "./temp.ts";
import { zstdFrame } from "./data/zstd.ts";

/** How the chunks are stored. */
export type Form = "zstd" | "gzip" | "plain";

/** What may be asked for; the rest is as casync does it. */
export interface MakeOptions {
  /** Name of the store's directory and of the index, which gets `.caibx`. */
  name?: string;
  form?: Form;
  digest?: "sha512-256" | "sha256";
  /** Fields of the index that shall differ from what is right. */
  index?: IndexFields;
}

/** What was made. */
export interface Made {
  readonly bytes: Uint8Array;
  /** Ids of the pieces, repeated ones included. */
  readonly ids: string[];
  readonly items: IndexItem[];
  /** Paths. */
  readonly index: string;
  readonly store: string;
  /** Path of the file of the piece with that number. */
  chunk(piece: number): string;
}

/** Stores the pieces as chunks and writes their index. */
export function makeBlob(dir: TempDir, pieces: Uint8Array[], options: MakeOptions = {}): Made {
  const { name = "blob", form = "zstd", digest = "sha512-256" } = options;
  const ids: string[] = [];
  const items: IndexItem[] = [];
  /** Pieces that come again are neither hashed nor compressed again. */
  const known = new Map<Uint8Array, string>();
  let end = 0;
  dir.dir(name);
  for (const piece of pieces) {
    let id = known.get(piece);
    if (id === undefined) {
      id = (digest === "sha256" ? sha256 : sha512256)(piece);
      dir.write(`${name}/${storePath(id, form)}`, stored(piece, form));
      known.set(piece, id);
    }
    end += piece.length;
    ids.push(id);
    items.push({ end, id });
  }
  const flags = digest === "sha256" ? sha256Flags : sha512256Flags;
  const fields = { flags, min: 1, avg: 16384, max: 65536, items, ...options.index };
  return {
    bytes: joined(pieces),
    ids,
    items,
    index: dir.write(`${name}.caibx`, indexBytes(fields)),
    store: dir.path(name),
    chunk: (piece) => dir.path(name, storePath(ids[piece], form)),
  };
}

/** Four pieces of three kinds: random bytes, text, zeros, and the random ones again. */
export function somePieces(): Uint8Array[] {
  const noise = new Random(5).bytes(20_000);
  const text = new TextEncoder().encode("A line that is not worth much.\n".repeat(1000));
  return [noise, text, new Uint8Array(9000), noise];
}

/** A chunk of these bytes as a store holds it. */
export function stored(bytes: Uint8Array, form: Form): Uint8Array {
  if (form === "plain") return bytes;
  if (form === "gzip") return new Uint8Array(gzipSync(bytes));
  return zstdFrame(bytes);
}

/** Where a store holds it. */
export function storePath(id: string, form: Form): string {
  return chunkPath(id, form === "plain" ? "" : ".cacnk");
}

/** A zstd frame of `blocks` times 128 KiB of zeros, at four bytes each. */
export function zstdBomb(blocks: number): Uint8Array {
  const frame = new Uint8Array(6 + 4 * blocks);
  frame.set([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]); // no content size, a window of 128 KiB
  const view = new DataView(frame.buffer);
  const block = (128 * 1024 << 3) | (1 << 1); // size, kind: one byte that is repeated
  for (let i = 0; i < blocks; i++) view.setUint32(6 + 4 * i, block | (i === blocks - 1 ? 1 : 0), true);
  return frame;
}

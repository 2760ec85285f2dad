/** Chunks of versions in files are verified several together: what is wrong is reported as if they were taken one by one. */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { sketch } from "../../src/delta/sketch.ts";
import { DesyncError, type ErrorCode, messageOf } from "../../src/core/errors.ts";
import type { VersionChunk } from "../../src/transfer/delta_messages.ts";
import { DeltaWorker } from "../../src/workers/delta_worker.ts";
import { SeedFiles } from "../../src/workers/seed_files.ts";
import { Random } from "../support/random.ts";
import { sha512256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";

const digest = "sha512-256";
const sampleBits = 6;
/** Many small ones, usual ones, and one that is larger than what is read together. */
const SIZES = [...Array<number>(20).fill(3000), ...Array<number>(20).fill(65_000), 1_500_000, 1, 4000];

function withWorker<T>(use: (worker: DeltaWorker) => T): T {
  const files = new SeedFiles();
  const worker = new DeltaWorker(files);
  try {
    return use(worker);
  } finally {
    worker.release();
    files.release();
  }
}

function versionOf(path: string, bytes: Uint8Array): { chunks: VersionChunk[]; pieces: Uint8Array[] } {
  const file = { path, displayName: path };
  let offset = 0;
  const pieces = SIZES.map((size) => bytes.slice(offset, offset += size));
  offset = 0;
  const chunks = pieces.map((piece) => {
    const chunk = { id: sha512256(piece), size: piece.length, place: { file, offset } };
    offset += piece.length;
    return chunk;
  });
  return { chunks, pieces };
}

const blobOf = (seed: number) => new Random(seed).bytes(SIZES.reduce((sum, size) => sum + size, 0));

Deno.test("each chunk has its own samples, wherever its bytes come from", () => {
  using dir = tempDir();
  const bytes = blobOf(80);
  const { chunks, pieces } = versionOf(dir.write("file", bytes), bytes);
  const wanted = pieces.map((piece) => sketch(piece, sampleBits));
  const sent = chunks.map(({ id, size }, i) => ({ id, size, bytes: pieces[i] }));
  const mixed = chunks.map((chunk, i) => i % 4 === 1 ? sent[i] : chunk);
  for (const some of [chunks, sent, mixed]) {
    const { samples } = withWorker((worker) => {
      return worker.sketch({ kind: "sketch", digest, chunks: some, sampleBits });
    });
    deepStrictEqual(samples, wanted);
  }
});

Deno.test("the first chunk that is wrong is reported, not what cannot be read after it", () => {
  using dir = tempDir();
  const bytes = blobOf(81);
  const none = { path: dir.path("none"), displayName: dir.path("none") };
  const fails = (chunks: VersionChunk[], code: ErrorCode, message: string) => {
    const sketching = { kind: "sketch", digest, chunks, sampleBits } as const;
    const framing = { kind: "frame", chunks, base: [], verifyBy: digest, level: 1, measure: false } as const;
    withWorker((worker) => {
      for (const run of [() => worker.sketch(sketching), () => worker.frame(framing)]) {
        throws(run, (error) => {
          ok(error instanceof DesyncError);
          deepStrictEqual([error.code, messageOf(error)], [code, message]);
          return true;
        });
      }
    });
  };
  for (const wrong of [0, 7, 21, 26, 40, 42]) {
    const path = dir.path("file");
    const { chunks } = versionOf(path, bytes);
    const withoutFile = (number: number) =>
      chunks.map((chunk, i) => i === number ? { ...chunk, place: { file: none, offset: 0 } } : chunk);
    const { offset } = chunks[wrong].place!;
    const where = `bytes ${offset} to ${offset + SIZES[wrong]}`;
    const reason = `it is not what its index describes: ${where} should be chunk ${chunks[wrong].id}`;
    const message = `Cannot use ${path}: ${reason}`;
    const changed = bytes.slice();
    for (const { place } of chunks.slice(wrong, wrong + 2)) changed[place!.offset] ^= 1;
    dir.write("file", changed);
    fails(chunks, "mismatch", message);
    fails(withoutFile(wrong + 1), "mismatch", message);
    dir.write("file", bytes);
    fails(withoutFile(wrong), "missing-file", `Cannot read ${none.path}: no such file or directory`);
    dir.write("file", bytes.slice(0, offset));
    fails(chunks, "mismatch", message);
  }
});

/** Spans of a blob are hashed several together: what comes of each is as if they were taken one by one. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { hashChunk, openChunk } from "../../src/codec/open_chunk.ts";
import { ChunkerStream } from "../../src/chunker/stream.ts";
import { DesyncError, messageOf } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import type { ChunkSpan, StoreTask } from "../../src/transfer/messages.ts";
import { CutWorker } from "../../src/workers/cut.ts";
import { Directories } from "../../src/workers/directories.ts";
import { filesIn } from "../support/files.ts";
import { joined } from "../support/data/joined.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { chunkPath, sha256, sha512256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const digest = "sha512-256";
const encoding = { form: "plain", level: 3 } as const;

/** Small ones, usual ones, one that is larger than what is read at once, and the smallest. */
const SIZES = [
  ...Array<number>(30).fill(64 * KIB),
  3 * MIB,
  ...Array<number>(40).fill(1000),
  256 * KIB,
  1,
  5000,
];

function blobOf(seed: number): { bytes: Uint8Array<ArrayBuffer>; spans: ChunkSpan[] } {
  const spans: ChunkSpan[] = [];
  let offset = 0;
  for (const size of SIZES) {
    spans.push({ offset, size });
    offset += size;
  }
  return { bytes: new Random(seed).bytes(offset), spans };
}

const partOf = (bytes: Uint8Array, { offset, size }: ChunkSpan) => bytes.slice(offset, offset + size);

function hexOf(ids: Uint8Array): string[] {
  return Array.from({ length: ids.length / 32 }, (_, i) => ids.subarray(32 * i, 32 * i + 32).toHex());
}

function withCutter<T>(use: (cutter: CutWorker) => T): T {
  const cutter = new CutWorker(new Directories());
  try {
    return use(cutter);
  } finally {
    cutter.release();
  }
}

const idsOf = (task: Omit<StoreTask, "kind">) =>
  withCutter((cutter) => hexOf(cutter.store({ kind: "store", ...task }).ids));

Deno.test("every span has its own id, whatever lies between them and wherever their bytes come from", () => {
  using dir = tempDir();
  const { bytes, spans } = blobOf(70);
  const file = dir.write("file", bytes);
  const withGaps = spans.filter((_, i) => i % 3 !== 1);
  const backwards = spans.toReversed();
  for (const [name, hash] of [["sha512-256", sha512256], ["sha256", sha256]] as const) {
    const mixed = spans.map((span, i) => i % 4 < 2 ? span : { ...span, bytes: partOf(bytes, span) });
    for (const some of [mixed, spans, withGaps, backwards, [], [spans[30]], [...withGaps, ...backwards]]) {
      deepStrictEqual(
        idsOf({ digest: name, file, spans: some }),
        some.map(({ offset, size }) => hash(bytes.slice(offset, offset + size))),
      );
    }
    // Where they are is of no matter then, and there need not be a file.
    const given = spans.map((span) => ({ offset: 0, size: span.size, bytes: partOf(bytes, span) }));
    deepStrictEqual(
      idsOf({ digest: name, file: "standard input", spans: given }),
      spans.map((span) => hash(partOf(bytes, span))),
    );
  }
});

Deno.test("bytes that came with spans are freed, or given back in their order", () => {
  using dir = tempDir();
  const { bytes, spans } = blobOf(71);
  const file = dir.write("file", bytes);
  const task = () => {
    const given = spans.map((span, i) => i % 5 === 4 ? span : { ...span, bytes: partOf(bytes, span) });
    return { kind: "store", digest, file, spans: given } as const;
  };
  withCutter((cutter) => {
    const [freed, wanted] = [task(), { ...task(), giveBack: true }];
    deepStrictEqual(cutter.store(freed).bytes, []);
    for (const { size, bytes } of freed.spans) if (size > 8192 && bytes) strictEqual(bytes.length, 0);
    const back = cutter.store(wanted).bytes;
    strictEqual(back.length, spans.length);
    for (const [i, span] of spans.entries()) {
      strictEqual(back[i], wanted.spans[i].bytes);
      if (back[i] !== undefined) sameBytes(back[i]!, partOf(bytes, span));
    }
  });
});

/** A sparse file: data, a hole of several chunks, data, a hole at the end. */
function sparseFile(dir: TempDir): { file: string; bytes: Uint8Array<ArrayBuffer>; spans: ChunkSpan[] } {
  const size = 64 * KIB;
  const data = new Random(72).bytes(6 * size);
  const bytes = new Uint8Array(20 * size);
  bytes.set(data.subarray(0, 3 * size), 0);
  bytes.set(data.subarray(3 * size), 9 * size);
  const file = dir.path("sparse");
  using open = Deno.openSync(file, { create: true, write: true });
  open.truncateSync(bytes.length);
  for (const [from, to] of [[0, 3], [9, 12]]) {
    open.seekSync(from * size, Deno.SeekMode.Start);
    for (let at = from * size; at < to * size;) at += open.writeSync(bytes.subarray(at, to * size));
  }
  return { file, bytes, spans: Array.from({ length: 20 }, (_, i) => ({ offset: i * size, size })) };
}

Deno.test("of a hole each chunk has its id, and a store gets it once", () => {
  using dir = tempDir();
  const { file, bytes, spans } = sparseFile(dir);
  const ids = spans.map((span) => sha512256(partOf(bytes, span)));
  deepStrictEqual(idsOf({ digest, file, spans }), ids);
  const directory = dir.dir("store");
  const destination = { kind: "directory", directory, encoding } as const;
  const named = spans.map((span, i) => ({ ...span, id: ids[i] }));
  for (const added of [7, 0]) {
    withCutter((cutter) => {
      const result = cutter.store({ kind: "store", digest, file, spans: named, destination });
      deepStrictEqual([hexOf(result.ids), result.added], [ids, added]);
      strictEqual(result.addedBytes, added * 64 * KIB);
    });
  }
  deepStrictEqual(filesIn(directory), [...new Set(ids)].map((id) => chunkPath(id, "")).sort());
});

function mismatchOf(task: Omit<StoreTask, "kind">): string {
  let message = "";
  withCutter((cutter) => {
    throws(() => cutter.store({ kind: "store", ...task }), (error) => {
      ok(error instanceof DesyncError && error.code === "mismatch");
      message = messageOf(error);
      return true;
    });
  });
  return message;
}

Deno.test("the first mismatch is reported, and nothing is stored from there on", () => {
  using dir = tempDir();
  const { bytes, spans } = blobOf(73);
  const ids = spans.map((span) => sha512256(partOf(bytes, span)));
  const wrongOnes = [[0, 1], [3, 6], [7, 8], [15, 31], [29, 30], [30, 31], [50, 60], [72, 73]];
  for (const [number, wrong] of wrongOnes.entries()) {
    const changed = bytes.slice();
    for (const i of wrong) changed[spans[i].offset] ^= 1;
    const file = dir.write(`file-${number}`, changed);
    for (const form of ["read", "given"] as const) {
      const named = spans.map((span, i) => {
        return { ...span, id: ids[i], bytes: form === "given" ? partOf(changed, span) : undefined };
      });
      const directory = dir.dir(`store-${number}-${form}`);
      const destination = { kind: "directory", directory, encoding } as const;
      const { offset, size } = spans[wrong[0]];
      const where = `bytes ${offset} to ${offset + size}`;
      const found = sha512256(partOf(changed, spans[wrong[0]]));
      const reason = `${where} should be chunk ${ids[wrong[0]]} and are ${found}`;
      strictEqual(
        mismatchOf({ digest, file, spans: named, destination }),
        `${file} is not what the index describes: ${reason}`,
      );
      deepStrictEqual(
        filesIn(directory),
        [...new Set(ids.slice(0, wrong[0]))].map((id) => chunkPath(id, "")).sort(),
      );
    }
  }
});

Deno.test("between holes and data the first mismatch is reported as well", () => {
  using dir = tempDir();
  const { file, bytes, spans } = sparseFile(dir);
  const zeros = sha512256(new Uint8Array(64 * KIB));
  for (const [wrong, later] of [[2, 4], [4, 10], [8, 9], [10, 13], [13, 19]]) {
    const named = spans.map((span, i) => {
      const id = i === wrong || i === later ? `${i}`.padStart(64, "0") : sha512256(partOf(bytes, span));
      return { ...span, id };
    });
    const directory = dir.dir(`store-${wrong}`);
    const destination = { kind: "directory", directory, encoding } as const;
    const found = wrong < 3 || wrong >= 9 && wrong < 12 ? sha512256(partOf(bytes, spans[wrong])) : zeros;
    for (const to of [undefined, destination]) {
      const message = mismatchOf({ digest, file, spans: named, destination: to });
      ok(message.endsWith(` should be chunk ${named[wrong].id} and are ${found}`));
    }
    const stored = new Set(named.slice(0, wrong).map(({ id }) => chunkPath(id, "")));
    deepStrictEqual(filesIn(directory), [...stored].sort());
  }
});

Deno.test("the main thread gets the chunks that it has not, in their order", () => {
  using dir = tempDir();
  const { bytes, spans } = blobOf(74);
  const file = dir.write("file", bytes);
  const some = spans.map((span, i) => ({ ...span, present: i % 3 === 0 }));
  const destination = { kind: "main", encoding: { form: "compressed", level: 3 } } as const;
  withCutter((cutter) => {
    const { encoded } = cutter.store({ kind: "store", digest, file, spans: some, destination });
    const wanted = spans.filter((_, i) => i % 3 !== 0);
    deepStrictEqual(encoded.map(({ id }) => id), wanted.map((span) => sha512256(partOf(bytes, span))));
    for (const [i, { id, stored }] of encoded.entries()) {
      sameBytes(openChunk(nativeCodec, stored, { id, digest }).bytes, partOf(bytes, wanted[i]));
    }
  });
});

Deno.test("guessed chunks have the ids that they would have alone, and those of no use are left out", async () => {
  using dir = tempDir();
  const bytes = new Random(75).bytes(3 * MIB);
  const file = dir.write("file", joined([new Uint8Array(100), bytes]));
  const sizes = { min: 4 * KIB, avg: 16 * KIB, max: 64 * KIB };
  const lengths: number[] = [];
  for await (const chunk of ReadableStream.from([bytes]).pipeThrough(new ChunkerStream(sizes))) {
    lengths.push(chunk.length);
  }
  let end = 0;
  // The last chunk ends where the file does, which no scan knows.
  const all = lengths.slice(0, -1).map((length) => ({ start: end, end: end += length }));
  const idOf = ({ start, end }: { start: number; end: number }) => sha512256(bytes.slice(start, end));
  const destination = { kind: "directory", directory: dir.dir("store"), encoding } as const;
  const directories = new Directories();
  const present = all.filter((_, i) => i % 3 === 1);
  for (const { start, end } of present) {
    directories.add(destination, hashChunk(nativeCodec, digest, bytes.slice(start, end)));
  }
  const scan = { kind: "scan", file, origin: 100, start: 100, end: 100 + bytes.length, sizes } as const;
  for (const [guess, wanted] of [[{ digest }, all], [{ digest, destination }, present]] as const) {
    withCutter((cutter) => {
      const { starts, ends, ids, hashedBytes } = cutter.scan({ ...scan, guess }).guessed;
      deepStrictEqual([starts, ends], [wanted.map(({ start }) => start), wanted.map(({ end }) => end)]);
      deepStrictEqual(hexOf(ids), wanted.map(idOf));
      strictEqual(hashedBytes, all.at(-1)!.end);
    });
  }
});

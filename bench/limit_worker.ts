/** One thread of limit.ts. */
import { CandidateList, divisor, LEAD_IN, scanCandidates } from "../src/chunker/candidates.ts";
import { discriminator } from "../src/chunker/params.ts";
import { equalBytes } from "../src/core/bytes.ts";
import { ID_BYTES } from "../src/core/chunk.ts";
import { sha512256Lanes } from "../src/deno/codec/lanes/sha512_lanes.ts";
import { systemSha512256 } from "../src/deno/codec/libcrypto.ts";
import { systemUnzstd } from "../src/deno/codec/libzstd.ts";
import { libc, terminatedText } from "../src/deno/system/libc.ts";
import { CURRENT_DIRECTORY, OPEN } from "../src/deno/system/linux.ts";
import { parseIndex } from "../src/formats/index/index_parser.ts";
import type { LimitTask } from "./limit.ts";

/** Chunks that are taken at a time, and those that are hashed at a time. */
const GROUP = 64;
const HASHED = 16;
/** Larger than any chunk here, and than what it becomes. */
const BUFFER_BYTES = 1024 * 1024;
const LEVEL = 3;

const { symbols: zstd } = Deno.dlopen("libzstd.so.1", {
  ZSTD_createCCtx: { parameters: [], result: "pointer" },
  ZSTD_compressCCtx: {
    parameters: ["pointer", "buffer", "usize", "buffer", "usize", "i32"],
    result: "usize",
  },
});
const compressor = zstd.ZSTD_createCCtx();
const c = libc()!;
const digest = systemSha512256()!;
const digestAll = sha512256Lanes(digest) ??
  ((pieces: readonly Uint8Array[]) => pieces.map((one) => digest(one)));
const unzstd = systemUnzstd()!;
const stored = new Uint8Array(BUFFER_BYTES);
const plain = new Uint8Array(HASHED * BUFFER_BYTES);

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<LimitTask>) => void) | null;
  postMessage(word: "ready" | "done"): void;
}

const scope = globalThis as unknown as Scope;
scope.onmessage = ({ data: { job, index: indexFile, store, file, next } }) => {
  const index = parseIndex(Deno.readFileSync(indexFile));
  const first = index.firstOccurrences();
  const again = new Map<number, number[]>();
  for (let i = 0; i < index.count; i++) {
    if (first[i] !== i) again.set(first[i], [...again.get(first[i]) ?? [], i]);
  }
  const rule = divisor(discriminator(index.sizes));
  const candidates = new CandidateList();
  const fd = job === "verify" ? -1 : open(file, job === "extract" ? OPEN.writeOnly : OPEN.readOnly);

  /** Out of the store. */
  const fetch = (i: number, room: Uint8Array<ArrayBuffer>) => {
    const chunk = open(pathOf(i), OPEN.readOnly);
    const frame = read(chunk, stored, 0);
    c.close(chunk);
    return room.subarray(0, unzstd(frame, room));
  };

  /** Out of the file. */
  const cut = (i: number, room: Uint8Array<ArrayBuffer>) => {
    const start = index.start(i);
    const isSearched = job === "make" || job === "index";
    const lead = isSearched ? Math.min(start, LEAD_IN) : 0;
    const all = read(fd, room.subarray(0, lead + index.length(i)), start - lead);
    if (isSearched) {
      candidates.clear();
      scanCandidates(all, lead, all.length, rule, candidates);
    }
    return all.subarray(lead);
  };

  const finish = (i: number, bytes: Uint8Array<ArrayBuffer>) => {
    if (job === "index" || job === "verify" || job === "verify-index" || first[i] !== i) return;
    if (job === "extract") {
      for (const place of [i, ...again.get(i) ?? []]) write(fd, bytes, index.start(place));
      return;
    }
    const path = pathOf(i);
    c.mkdirat(CURRENT_DIRECTORY, terminatedText(path.slice(0, path.lastIndexOf("/"))), 0o777);
    const chunk = open(path, OPEN.writeOnly | OPEN.create);
    write(chunk, compress(bytes), 0);
    c.close(chunk);
  };

  const pathOf = (i: number) => {
    const id = index.id(i);
    return `${store}/${id.slice(0, 4)}/${id}.cacnk`;
  };

  const isFetched = job === "extract" || job === "verify";
  const work = (numbers: readonly number[]) => {
    let used = 0;
    const pieces = numbers.map((i) => {
      const bytes = (isFetched ? fetch : cut)(i, plain.subarray(used));
      used += bytes.length + LEAD_IN;
      return bytes;
    });
    for (const [j, found] of digestAll(pieces).entries()) {
      const i = numbers[j];
      const id = index.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
      if (!equalBytes(found, id)) throw new Error(`Chunk ${i} is damaged`);
      finish(i, pieces[j]);
    }
  };
  for (let from; (from = Atomics.add(next, 0, GROUP)) < index.count;) {
    const end = Math.min(from + GROUP, index.count);
    const numbers = Array.from({ length: end - from }, (_, i) => from + i)
      .filter((i) => !isFetched || first[i] === i);
    while (numbers.length > 0) work(numbers.splice(0, HASHED));
  }
  scope.postMessage("done");
};
scope.postMessage("ready");

function open(path: string, flags: number): number {
  const fd = c.openat(CURRENT_DIRECTORY, terminatedText(path), flags | OPEN.closeOnExec, 0o666);
  if (fd < 0) throw new Error(`Cannot open ${path}`);
  return fd;
}

function read(fd: number, target: Uint8Array<ArrayBuffer>, offset: number): Uint8Array<ArrayBuffer> {
  const count = Number(c.pread(fd, target, BigInt(target.length), BigInt(offset)));
  if (count < 0) throw new Error("Cannot read");
  return target.subarray(0, count);
}

function write(fd: number, bytes: Uint8Array<ArrayBuffer>, offset: number): void {
  const count = Number(c.pwrite(fd, bytes, BigInt(bytes.length), BigInt(offset)));
  if (count !== bytes.length) throw new Error("Cannot write");
}

function compress(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const [room, length] = [stored.length, bytes.length].map(BigInt);
  const size = zstd.ZSTD_compressCCtx(compressor, stored, room, bytes, length, LEVEL);
  return stored.subarray(0, Number(size));
}

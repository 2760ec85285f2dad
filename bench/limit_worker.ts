/** One thread of limit.ts. */
import { CandidateList, divisor, LEAD_IN, scanCandidates } from "../src/chunker/candidates.ts";
import { discriminator } from "../src/chunker/params.ts";
import { equalBytes } from "../src/core/bytes.ts";
import { ID_BYTES } from "../src/core/chunk.ts";
import { systemSha512256 } from "../src/deno/codec/libcrypto.ts";
import { systemUnzstd } from "../src/deno/codec/libzstd.ts";
import { libc, terminatedText } from "../src/deno/system/libc.ts";
import { CURRENT_DIRECTORY, OPEN } from "../src/deno/system/linux.ts";
import { parseIndex } from "../src/formats/index/index_parser.ts";
import type { LimitTask } from "./limit.ts";

/** Chunks that are taken at a time. */
const GROUP = 64;
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
const unzstd = systemUnzstd()!;
const stored = new Uint8Array(BUFFER_BYTES);
const plain = new Uint8Array(BUFFER_BYTES);

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

  const checked = (i: number, bytes: Uint8Array) => {
    const id = index.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
    if (!equalBytes(digest(bytes), id)) throw new Error(`Chunk ${i} is damaged`);
  };

  /** Out of the store. */
  const fetch = (i: number) => {
    if (first[i] !== i) return;
    const id = index.id(i);
    const chunk = open(`${store}/${id.slice(0, 4)}/${id}.cacnk`, OPEN.readOnly);
    const frame = read(chunk, stored, 0);
    c.close(chunk);
    const bytes = plain.subarray(0, unzstd(frame, plain));
    checked(i, bytes);
    if (job === "verify") return;
    write(fd, bytes, index.start(i));
    for (const other of again.get(i) ?? []) write(fd, bytes, index.start(other));
  };

  /** Out of the file. */
  const cut = (i: number) => {
    const start = index.start(i);
    const isSearched = job === "make" || job === "index";
    const lead = isSearched ? Math.min(start, LEAD_IN) : 0;
    const all = read(fd, plain.subarray(0, lead + index.length(i)), start - lead);
    if (isSearched) {
      candidates.clear();
      scanCandidates(all, lead, all.length, rule, candidates);
    }
    const bytes = all.subarray(lead);
    checked(i, bytes);
    if (job === "index" || job === "verify-index" || first[i] !== i) return;
    const id = index.id(i);
    const directory = `${store}/${id.slice(0, 4)}`;
    c.mkdirat(CURRENT_DIRECTORY, terminatedText(directory), 0o777);
    const chunk = open(`${directory}/${id}.cacnk`, OPEN.writeOnly | OPEN.create);
    write(chunk, compress(bytes), 0);
    c.close(chunk);
  };

  const work = job === "extract" || job === "verify" ? fetch : cut;
  for (let from; (from = Atomics.add(next, 0, GROUP)) < index.count;) {
    for (let i = from; i < Math.min(from + GROUP, index.count); i++) work(i);
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

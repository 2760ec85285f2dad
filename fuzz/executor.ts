/**
 * Runs inputs that come in packs over standard input, and answers each pack with a report. It is a process of its own, which
 * may do nothing: the one that has started it sees when it hangs or dies, and knows the inputs.
 *
 *     deno run --allow-sys fuzz/executor.ts DECODER [coverage]
 */
import "./allocations.ts";
import process from "node:process";
import { Coverage } from "./coverage.ts";
import { judge } from "./judge.ts";
import { targetOf } from "./targets.ts";
import { type Failure, type NewShape, PACK_HEADER, type Report, unpackInputs } from "./wire.ts";

/** An input of 64 KiB that takes longer is a finding: thousands of lines take 600 ms on a busy machine, squares take minutes. */
const SLOW_MS = 1500;
/** Runs in which it may show that it is not: processors that others use, too, are slower. */
const AGAIN = 3;
const MAX_RSS = 1024 * 1024 * 1024;

// Making errors takes most of the time of many inputs.
Error.stackTraceLimit = 4;

const target = targetOf(Deno.args[0]);
const coverage = Deno.args[1] === "coverage"
  ? await Coverage.start(new URL("../src/", import.meta.url).href)
  : undefined;
const shapes = new Set<string>();
/** The first pack is what is known already: which of them does what is not asked. */
let isFirst = true;
await coverage?.take();

function readExactly(length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = Deno.stdin.readSync(bytes.subarray(at));
    if (read === null) return undefined;
    at += read;
  }
  return bytes;
}

async function runAll(inputs: readonly Uint8Array[]): Promise<Omit<Report, "news">> {
  const news: NewShape[] = [];
  const failures: Failure[] = [];
  let slowest = 0;
  for (const [i, input] of inputs.entries()) {
    const started = performance.now();
    const { shape, failure } = await judge(target, input);
    let taken = performance.now() - started;
    for (let again = AGAIN; again > 0 && taken > SLOW_MS; again--) {
      taken = Math.min(taken, await processorTime(input));
    }
    slowest = Math.max(slowest, taken);
    if (failure !== undefined) failures.push({ input: i, shape, what: failure });
    else if (taken > SLOW_MS) {
      failures.push({ input: i, shape: "time", what: `takes ${Math.round(taken)} ms` });
    } else if (!shapes.has(shape)) news.push({ input: i, shape });
    shapes.add(shape);
  }
  // What node:zlib leaves for the next turn of the event loop would add up: reading and writing here do not turn it.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const { rss } = Deno.memoryUsage();
  if (rss > MAX_RSS) throw new Error(`the process has ${rss} bytes`);
  return { shapes: news, failures, slowest };
}

/** What this process has used, in milliseconds: others may have the processor meanwhile. */
async function processorTime(input: Uint8Array): Promise<number> {
  const before = process.cpuUsage();
  await judge(target, input);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Finds the inputs that made something run for the first time: halves again and again. */
async function locate(
  coverage: Coverage,
  inputs: readonly Uint8Array[],
  from: number,
  to: number,
  news: Set<number>,
): Promise<void> {
  for (let i = from; i < to; i++) await judge(target, inputs[i]);
  const ran = await coverage.take();
  if (!coverage.hasNews(ran)) return;
  if (to - from === 1) {
    coverage.add(ran);
    news.add(from);
    return;
  }
  const middle = (from + to) >> 1;
  await locate(coverage, inputs, from, middle, news);
  await locate(coverage, inputs, middle, to, news);
}

async function report(inputs: readonly Uint8Array[]): Promise<Report> {
  const { shapes, failures, slowest } = await runAll(inputs);
  const news = new Set<number>();
  if (coverage !== undefined) {
    const ran = await coverage.take();
    // Inputs that fail may be slow.
    if (!isFirst && coverage.hasNews(ran) && failures.length === 0) {
      await locate(coverage, inputs, 0, inputs.length, news);
    }
    coverage.add(ran);
  }
  isFirst = false;
  return { news: [...news], shapes: shapes.filter(({ input }) => !news.has(input)), failures, slowest };
}

while (true) {
  const header = readExactly(PACK_HEADER);
  if (header === undefined) break;
  const view = new DataView(header.buffer);
  const body = readExactly(view.getUint32(0, true));
  if (body === undefined) break;
  const line = `${JSON.stringify(await report(unpackInputs(body, view.getUint32(4, true))))}\n`;
  const bytes = new TextEncoder().encode(line);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

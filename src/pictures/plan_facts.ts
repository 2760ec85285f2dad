/** What a plan says, in words: the same for every form. */
import { formatBytes, formatSeconds } from "../core/amounts.ts";
import type { PathCosts } from "../jobs/plan/path_costs.ts";
import type { PlannedSource, UpdatePlan } from "../jobs/plan/update_plan.ts";

/** What every picture of a plan may be given. */
export interface PlanPictureOptions {
  /** What is built: the name of the index. */
  readonly title: string;
  /** Bytes a second: how long the fetching takes is computed from it. */
  readonly rate?: number;
}

/** A line: what it is about, and what there is to say. */
export type Fact = readonly [term: string, text: string];

/** When so much of the blob is fetched, its chunks save little. */
const NEARLY_ALL = 0.8;

/** The whole in one sentence. */
export function headline(plan: UpdatePlan): string {
  const { size, fetch } = plan;
  const missing = missingOf(plan);
  const here = size - fetch.bytes - (missing?.bytes ?? 0);
  const share = here === 0 ? "" : `; ${percent(here / size)} of it needs no store`;
  if (missing !== undefined && namesStores(plan)) {
    return `The ${formatBytes(size)} cannot be built: ${count(missing.chunks, "chunk")} (${
      formatBytes(missing.bytes)
    }) not found`;
  }
  const build = `To build ${formatBytes(size)}`;
  if (missing !== undefined) {
    return `${build}, ${formatBytes(missing.bytes)} have to come from a store${share}`;
  }
  if (fetch.chunks === 0) return `${build}, nothing is fetched`;
  const bytes = fetch.storedBytes ?? fetch.bytes;
  const compressed = fetch.storedBytes === undefined ? " before compression" : "";
  return `${build}, ${formatBytes(bytes)}${compressed} are fetched in ${
    count(fetch.requests, "request")
  }${share}`;
}

function namesStores({ sources }: UpdatePlan): boolean {
  return sources.some(({ origin }) => origin.kind === "store");
}

/** What no source has. */
function missingOf({ sources }: UpdatePlan): PlannedSource | undefined {
  return sources.find(({ origin, chunks }) => origin.kind === "missing" && chunks > 0);
}

/** Whether a source is worth a line: it gives something, or is asked. */
export function isUsed({ bytes, chunks, requests }: PlannedSource): boolean {
  return bytes > 0 || chunks > 0 || requests > 0;
}

/** All that is to be said besides the sources. */
export function factsOf(plan: UpdatePlan, { rate }: { readonly rate?: number }): Fact[] {
  const { size, chunks, uniqueChunks, fetch, writtenBytes, outputBytes, cacheBytes, whole } = plan;
  const facts: Fact[] = [
    ["Blob", `${formatBytes(size)} in ${count(chunks, "chunk")}, ${grouped(uniqueChunks)} different`],
    ["Fetch", fetchText(plan)],
  ];
  if (whole !== undefined && fetch.chunks > 0 && fetch.storedBytes !== undefined && whole.storedBytes > 0) {
    const share = fetch.storedBytes / whole.storedBytes;
    const about = whole.estimated ? "about " : "";
    facts.push([
      "That is",
      `${percent(share)} of ${about}${formatBytes(whole.storedBytes)}, which all chunks of the blob take`,
    ]);
    if (share >= NEARLY_ALL && fetch.chunks > 1) {
      facts.push([
        "Note",
        "nearly everything is fetched: the whole blob as one compressed file, where there is one, is usually smaller than its chunks",
      ]);
    }
  }
  facts.push(["Write", `${formatBytes(writtenBytes)} to the output`]);
  const cache = cacheBytes === undefined
    ? ", and what is fetched for the cache"
    : cacheBytes > 0
    ? `, ${formatBytes(cacheBytes)} for the cache`
    : "";
  const upTo = outputBytes > 0 &&
    plan.sources.some(({ origin, bytes }) => origin.kind === "seed" && bytes > 0);
  facts.push(["Disk", `${upTo ? "up to " : ""}${formatBytes(outputBytes)} more for the output${cache}`]);
  const seconds = secondsOf(plan, rate);
  if (seconds !== undefined) facts.push(["Time", `${formatSeconds(seconds)} at ${formatBytes(rate!)}/s`]);
  return facts;
}

/** Seconds that the fetching takes at this rate; `undefined` when that cannot be known. */
export function secondsOf({ fetch }: UpdatePlan, rate: number | undefined): number | undefined {
  return rate === undefined || rate === 0 || fetch.storedBytes === undefined
    ? undefined
    : fetch.storedBytes / rate;
}

function fetchText(plan: UpdatePlan): string {
  const { fetch } = plan;
  const missing = missingOf(plan);
  if (missing !== undefined && !namesStores(plan)) {
    return `${formatBytes(missing.bytes)} before compression, in ${count(missing.chunks, "chunk")}`;
  }
  const requests = count(fetch.requests, "request");
  const bytes = fetch.storedBytes === undefined
    ? `up to ${formatBytes(fetch.bytes)} (compressed sizes are not known)`
    : `${formatBytes(fetch.storedBytes)} (for ${formatBytes(fetch.bytes)} of the blob)`;
  const without = missing === undefined
    ? ""
    : `; ${count(missing.chunks, "chunk")} (${formatBytes(missing.bytes)}) not found`;
  return fetch.chunks === 0 && without === "" ? "nothing" : `${bytes} in ${requests}${without}`;
}

/** What a source costs, or has besides. */
export function costOf(
  { origin, chunks, movedBytes, requests, notFound, storedBytes, assumed }: PlannedSource,
): string {
  const isFetched = origin.kind === "store" || origin.kind === "patched";
  if (!isFetched && origin.kind !== "cache") {
    const moved = movedBytes > 0 ? `, ${formatBytes(movedBytes)} of it moved` : "";
    return chunks > 0 ? count(chunks, "chunk") + moved : "";
  }
  const parts: string[] = [];
  const amount = storedBytes === undefined ? "an unknown amount" : formatBytes(storedBytes);
  const needed = isFetched ? count(requests, "request") : count(chunks, "chunk");
  if (requests > 0) parts.push(`${amount} in ${needed}`);
  if (notFound > 0) parts.push(`${grouped(notFound)} not found`);
  if (assumed) parts.push("not asked");
  return parts.join(", ");
}

/** What the list of paths cost. */
export function pathsNote({ fetchedChunks, fetchedBytes }: PathCosts): string {
  if (fetchedChunks === 0) return "found without fetching chunks";
  return `found by fetching ${count(fetchedChunks, "chunk")} (${
    formatBytes(fetchedBytes)
  }) with the archive's tables`;
}

/** A share in percent: `0.4 %`, `12.5 %`; neither 0 nor 100 unless it is. */
export function percent(share: number): string {
  const value = 100 * share;
  if (value > 0 && value < 0.05) return "<0.1 %";
  if (value < 100 && value > 99.95) return ">99.9 %";
  return `${Number(value.toFixed(1))} %`;
}

/** A number with its thousands apart. */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number and what it counts. */
export function count(value: number, what: string): string {
  return `${grouped(value)} ${what}${value === 1 ? "" : "s"}`;
}

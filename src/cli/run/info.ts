/** `desync info INDEX` */
import { type IndexInfo, indexInfo, type IndexInfoOptions } from "../../jobs/info.ts";
import type { PlanSeed } from "../../jobs/plan/chunk_plan.ts";
import type { ListedSizes } from "../../jobs/stored_sizes.ts";
import { redactLocation } from "../../deno/schemes.ts";
import type { Index } from "../../formats/index/index.ts";
import type { Sources } from "../../stores/store.ts";
import { ZeroChunk } from "../../codec/zero_chunk.ts";
import { type ChunkId, type ChunkSizes, isChunkId } from "../../core/chunk.ts";
import { filePieces } from "../../deno/files/file_pieces.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import type { Args, Flags } from "../commands/info.ts";
import { DONE } from "../exit_status.ts";
import { deltaFinder, isCalledDelta, openDeltas, openIndex, reportDeltaProblem } from "../inputs/deltas.ts";
import { JsonListReader } from "../inputs/json_list.ts";
import { seedIndexOf } from "../inputs/seeds.ts";
import { Locator } from "../locator.ts";
import { print } from "../output/output.ts";
import { missingOption } from "../parse/missing_option.ts";

/** Keys, their words in the plain form, and values: desync's, in its order. What is not known is `undefined`. */
type Line = readonly [key: string, words: string, value: number | undefined];

/**
 * Prints the counts. The JSON is desync's number for number, as programs read it: 0 for a size that is not known, and
 * stores are asked about all chunks. The plain form is for people: it says so, and asks only about what is needed.
 */
export async function run({ index: location }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  checkPlanFlags(flags);
  await using locator = new Locator(flags);
  const seeds: PlanSeed[] = [];
  for (const text of flags.seed ?? []) {
    const location = seedIndexOf(text);
    seeds.push({ location: redactLocation(location), index: await locator.index(location, signal) });
  }
  if (isCalledDelta(location) && flags.plan === undefined) {
    const { printDelta } = await import("../output/delta_info.ts");
    await printDelta(location, seeds.map(({ index }) => index), flags.format === "plain", locator, signal);
    return DONE;
  }
  const { index, delta } = await openIndex(location, Promise.resolve(seeds), locator, signal);
  const listed = flags.chunksInfo === undefined ? undefined : await readChunksInfo(flags.chunksInfo, signal);
  const sources = await locator.sourcesToCount();
  try {
    if (flags.plan === undefined) {
      const options = { seeds: seeds.map(({ index }) => index), listed, signal };
      await printInfo(index, sources, options, flags.format === "plain");
    } else {
      const heaviestPaths = flags.byPath ? PATHS : undefined;
      // What draws a plan would make every start slower.
      const [{ updatePlan }, { namingArchive }, { nativeCodec }, { patchesFor }, { printPlan, titleOf }] =
        await Promise.all([
          import("../../jobs/plan/update_plan.ts"),
          import("../inputs/archive_source.ts"),
          import("../../deno/codec/native_codec.ts"),
          import("../../deno/patches_for.ts"),
          import("../output/plan_output.ts"),
        ]);
      const named = await openDeltas(flags.deltas, locator, signal);
      const deltas = delta === undefined ? named : [...named, delta];
      const patches = deltas.length === 0 && seeds.length === 0
        ? []
        : await patchesFor(index, seeds, await locator.workers(), {
          sources,
          deltas,
          findDelta: flags.noDelta ? undefined : deltaFinder(location, locator, signal),
          onDeltaProblem: reportDeltaProblem,
          zeros: new ZeroChunk(index, nativeCodec),
          signal,
          dryRun: true,
        });
      const options = { codec: nativeCodec, seeds, listed, heaviestPaths, signal };
      const plan = await namingArchive(
        location,
        { index: true, digest: undefined },
        () => updatePlan(index, { ...sources, patches }, options),
      );
      printPlan(plan, flags.plan, { title: titleOf(location), rate: flags.rate });
    }
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code !== "usage") throw error;
    throw error.withContext({ action: "use", subject: flags.chunksInfo });
  }
  return DONE;
}

/** Paths of an archive that are listed. */
const PATHS = 30;

function checkPlanFlags({ plan, byPath, rate, deltas, noDelta }: Flags): void {
  if (plan !== undefined) return;
  if (deltas !== undefined || noDelta) {
    throw missingOption("--plan", `${noDelta ? "--no-delta" : "--delta"} is about the plan`);
  }
  if (!byPath && rate === undefined) return;
  throw missingOption("--plan", `${byPath ? "--by-path" : "--rate"} is about the plan`);
}

async function printInfo(
  index: Index,
  sources: Sources,
  options: IndexInfoOptions,
  plain: boolean,
): Promise<void> {
  const info = await indexInfo(index, sources, { ...options, neededOnly: plain });
  const lines = linesOf(info, index.sizes);
  print(`${plain ? plainText(lines, info) : jsonText(lines)}\n`);
}

function jsonText(lines: readonly Line[]): string {
  return JSON.stringify(Object.fromEntries(lines.map(([key, , value]) => [key, value ?? 0])), null, 2);
}

function plainText(lines: readonly Line[], { unique, notInSeedNorCache }: IndexInfo): string {
  return plainOrder(lines).map(([key, words, value]) => {
    const part = key === "in-store" && notInSeedNorCache < unique
      ? ` of the ${notInSeedNorCache} not in seed nor cache`
      : "";
    return `${words}: ${value ?? "unknown"}${part}`;
  }).join("\n");
}

function linesOf(info: IndexInfo, sizes: ChunkSizes): Line[] {
  return [
    ["total", "Total chunks", info.total],
    ["unique", "Unique chunks", info.unique],
    ["in-store", "Chunks in store", info.inStore],
    ["in-seed", "Chunks in seed", info.inSeed],
    ["in-cache", "Chunks in cache", info.inCache],
    ["not-in-seed-nor-cache", "Chunks not in seed nor cache", info.notInSeedNorCache],
    ["size", "Blob size", info.size],
    ["dedup-size-not-in-seed", "Size of deduplicated chunks not in seed", info.sizeNotInSeed],
    [
      "dedup-size-not-in-seed-nor-cache",
      "Size of deduplicated chunks not in seed nor cache",
      info.sizeNotInSeedNorCache,
    ],
    [
      "dedup-size-not-in-seed-nor-cache-compressed",
      "Compressed chunks not in seed nor cache",
      info.compressedSizeNotInSeedNorCache,
    ],
    ["chunk-size-min", "Chunk size min", sizes.min],
    ["chunk-size-avg", "Chunk size avg", sizes.avg],
    ["chunk-size-max", "Chunk size max", sizes.max],
  ];
}

/** The plain form begins with the sizes. */
function plainOrder(lines: readonly Line[]): Line[] {
  const first = ["size", "dedup-size-not-in-seed", "dedup-size-not-in-seed-nor-cache"];
  return [...lines.filter(([key]) => first.includes(key)), ...lines.filter(([key]) => !first.includes(key))];
}

/** The sizes in what inspect-chunks wrote; chunks that its store lacked have no compressed one. */
async function readChunksInfo(path: string, signal: AbortSignal): Promise<Map<ChunkId, ListedSizes>> {
  const sizes = new Map<ChunkId, ListedSizes>();
  const reader = new JsonListReader((entry, i) => {
    const { id, uncompressed, compressed } = fieldsOf(entry);
    if (id === undefined) throw new Error(`entry ${i} has no chunk id`);
    sizes.set(id, { uncompressed, compressed });
  });
  const decoder = new TextDecoder();
  const reading = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw notAList(path, messageOf(error));
    }
  };
  for await (const piece of filePieces(path, signal, `the chunks' sizes in ${path}`)) {
    reading(() => reader.push(decoder.decode(piece, { stream: true })));
  }
  reading(() => reader.finish());
  return sizes;
}

function fieldsOf(entry: unknown): ListedSizes & { id?: ChunkId } {
  if (typeof entry !== "object" || entry === null) return {};
  const id = "id" in entry && typeof entry.id === "string" ? entry.id.toLowerCase() : "";
  const uncompressed = "uncompressed_size" in entry ? numberIn(entry.uncompressed_size) : undefined;
  const compressed = "compressed_size" in entry ? numberIn(entry.compressed_size) : undefined;
  return isChunkId(id) ? { id, uncompressed, compressed } : {};
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function notAList(path: string, reason: string): DesyncError {
  const fields = { action: "use", subject: path, reason: "it is not what inspect-chunks writes" };
  return new DesyncError("usage", { ...fields, hint: reason });
}

/** A plan as JSON: docs/plan.md describes it. */
import type { PlannedSource, UpdatePlan } from "../jobs/plan/update_plan.ts";
import { type PlanPictureOptions, secondsOf } from "./plan_facts.ts";

/**
 * The plan as a value that can be written as JSON. What is not known is `null`.
 *
 * @example The number of requests
 * ```ts
 * import { MemoryStore, parseIndex, planJson, updatePlan } from "@desync/desync";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const plan = await updatePlan(index, { stores: [new MemoryStore()] });
 * const { fetch } = JSON.parse(JSON.stringify(planJson(plan, { title: "casync-blob.caibx" })));
 * if (fetch.chunks !== 0) throw new Error("the store is empty");
 * ```
 */
export function planJson(plan: UpdatePlan, options: PlanPictureOptions): Record<string, unknown> {
  const { fetch, whole } = plan;
  return {
    "index": options.title,
    "size": plan.size,
    "chunks": plan.chunks,
    "unique-chunks": plan.uniqueChunks,
    "fetch": {
      "chunks": fetch.chunks,
      "requests": fetch.requests,
      "size": fetch.bytes,
      "compressed-size": fetch.storedBytes ?? null,
    },
    "whole-compressed-size": whole?.storedBytes ?? null,
    "whole-is-estimated": whole?.estimated ?? false,
    "written-size": plan.writtenBytes,
    "disk-size": plan.outputBytes,
    "cache-size": plan.cacheBytes ?? null,
    "rate": options.rate ?? null,
    "seconds": secondsOf(plan, options.rate) ?? null,
    "sources": plan.sources.map(sourceJson),
    "runs": plan.runs.map(({ offset, length, source }) => [offset, length, source]),
    "run-precision": plan.runPrecision,
    "old-versions": plan.oldVersions.map(({ location, size, runs, runPrecision }) => ({
      location,
      size,
      "runs": runs.map(({ offset, length, use }) => [offset, length, use]),
      "run-precision": runPrecision,
    })),
    "copies": plan.copies.map(({ offset, length, from, version }) => [offset, length, from, version]),
    ...(plan.paths === undefined ? {} : {
      "paths": plan.paths.heaviest.map(({ path, newBytes, keptBytes }) => ({
        path,
        "new-size": newBytes,
        "kept-size": keptBytes,
      })),
      "paths-fetch": { "chunks": plan.paths.fetchedChunks, "compressed-size": plan.paths.fetchedBytes },
    }),
  };
}

const ASKED: ReadonlySet<PlannedSource["origin"]["kind"]> = new Set(["store", "patched", "cache"]);

function sourceJson(source: PlannedSource): Record<string, unknown> {
  const { origin } = source;
  const asked = ASKED.has(origin.kind);
  return {
    "kind": origin.kind,
    "location": "location" in origin ? origin.location : null,
    "chunks": source.chunks,
    "size": source.bytes,
    ...(origin.kind === "seed" ? { "moved-size": source.movedBytes } : {}),
    ...(asked
      ? {
        "compressed-size": source.storedBytes ?? null,
        "requests": source.requests,
        "not-found": source.notFound,
        "asked": !source.assumed,
      }
      : {}),
  };
}

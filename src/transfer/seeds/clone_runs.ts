/** Runs of chunks that the file system shares between a seed and the target, before anything is written or verified. */
import { abortable } from "../../core/abortable.ts";
import type { Progress } from "../../core/progress.ts";
import type { CloneRange, TargetInfo } from "../messages.ts";
import type { BlobPlan } from "../blob_plan.ts";
import type { AssemblingWorkers } from "../ports.ts";
import type { SeedRun } from "./assign.ts";
import { seedOrigin, type SeedUse } from "./seed_use.ts";

/** Parts, and bytes, that a worker clones at a time: cloning what was just written waits for the disk. */
const GROUP_RUNS = 256;
const GROUP_BYTES = 256 * 1024 * 1024;

/** For seeds that can share blocks with the target, by their numbers: bytes of a block. */
export type SharedBlocks = ReadonlyMap<number, number>;

/** Plans to clone every run that has whole blocks in common with its place in the target. */
export function planClones(plan: BlobPlan, blocks: SharedBlocks): void {
  if (blocks.size === 0) return;
  for (const run of plan.runs()) if (isAligned(run, blocks)) plan.setCloned(run, true);
}

/** Clones what was planned to be. What cannot be is copied later like everything else. */
export async function cloneRuns(
  plan: BlobPlan,
  blocks: SharedBlocks,
  { files }: SeedUse,
  target: TargetInfo,
  workers: AssemblingWorkers,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal },
): Promise<void> {
  const refused = new Set<number>();
  for (const group of groupsOf(plan.runs(), blocks)) {
    const [{ seed }] = group;
    let cloned = group.map(() => -1);
    if (!refused.has(seed)) {
      const task = { target, seed: files[seed], block: blocks.get(seed)!, ranges: group.map(rangeOf) };
      ({ cloned } = await abortable(() => workers.clone(task), signal));
    }
    for (const [i, run] of group.entries()) {
      if (cloned[i] >= 0) progress.addCloned(seedOrigin(files[seed]), cloned[i]);
      else {
        plan.setCloned(run, false);
        refused.add(seed);
      }
    }
  }
}

/** Neighbouring runs of one seed. */
function* groupsOf(runs: Iterable<SeedRun>, blocks: SharedBlocks): Generator<SeedRun[]> {
  let group: SeedRun[] = [];
  let bytes = 0;
  for (const run of runs) {
    if (!isAligned(run, blocks)) continue;
    const isFull = group.length >= GROUP_RUNS || bytes + run.length > GROUP_BYTES;
    if (group.length > 0 && (isFull || group[0].seed !== run.seed)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(run);
    bytes += run.length;
  }
  if (group.length > 0) yield group;
}

function isAligned({ seed, from, to, length }: SeedRun, blocks: SharedBlocks): boolean {
  const block = blocks.get(seed);
  if (block === undefined || (to - from) % block !== 0) return false;
  return Math.floor((to + length) / block) > Math.ceil(to / block);
}

function rangeOf({ from, to, length }: SeedRun): CloneRange {
  return { from, to, length };
}

/** In a worker: parts of a seed that the file system shares with the target. */
import { fileError } from "../deno/files/file_errors.ts";
import { Reflink } from "../deno/output/reflink.ts";
import { TargetFile } from "../deno/output/target_file.ts";
import type { CloneRange, CloneResult, CloneTask } from "../transfer/messages.ts";
import type { SeedFiles } from "./seed_files.ts";

/** Does the task. After one part that cannot be cloned, none is. */
export function cloneRanges(task: CloneTask, seeds: SeedFiles): CloneResult {
  const { target, seed, ranges } = task;
  const cloned = new Array<number>(ranges.length).fill(-1);
  using pair = Reflink.open(seed.path, target.path);
  if (pair === null) return { cloned };
  const file = new TargetFile(target.path, target);
  try {
    for (const [i, range] of ranges.entries()) {
      const { head, blocks } = wholeBlocks(range, task.block);
      if (!pair.clone(range.from + head, range.to + head, blocks)) break;
      const edges = [[0, head], [head + blocks, range.length]].filter(([start, end]) => start < end);
      for (const [start, end] of edges) {
        const bytes = seeds.read(seed, range.from + start, end - start);
        // The chunks there will not be what they should.
        if (bytes instanceof Uint8Array) file.write(bytes, range.to + start);
      }
      cloned[i] = blocks;
    }
  } catch (error) {
    throw fileError("write", target.displayName, error);
  } finally {
    file.close();
  }
  return { cloned };
}

/** Bytes of the part before the first block that lies in it as a whole, and those of all such blocks. */
function wholeBlocks({ to, length }: CloneRange, block: number): { head: number; blocks: number } {
  const start = Math.ceil(to / block) * block;
  const end = Math.floor((to + length) / block) * block;
  return { head: start - to, blocks: end - start };
}

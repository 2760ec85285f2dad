/** Leaves out of a tree what patterns name, while it is passed on. */
import type { ArchiveEvent, ArchiveEventHandler } from "../formats/archive/archive.ts";
import type { ExcludePatterns } from "../formats/archive/exclude_patterns.ts";

/**
 * Passes on to `onEvent` what the patterns leave, which are tied to the tree's root.
 *
 * @example List an archive without some of it
 * ```ts
 * import { ExcludePatterns, excluding, listTo, readArchive } from "@desync/desync";
 *
 * using archive = await Deno.open("testdata/tree.catar");
 * const lines: string[] = [];
 * const patterns = ExcludePatterns.parse(["many/"], "an example");
 * await readArchive(archive.readable, excluding(patterns, listTo((line) => lines.push(line))));
 * if (lines.some((line) => line.includes("many"))) throw new Error("not so");
 * ```
 */
export function excluding(patterns: ExcludePatterns, onEvent: ArchiveEventHandler): ArchiveEventHandler {
  /** What holds in the nodes that are open; no pattern names the root. */
  const open: ExcludePatterns[] = [];
  /** Nodes that are open in one that is left out, itself included. */
  let skipped = 0;

  const skips = (event: ArchiveEvent): boolean => {
    if (skipped > 0) {
      if (event.type === "node") skipped++;
      else if (event.type === "end") skipped--;
      return true;
    }
    if (event.type === "end") open.pop();
    if (event.type !== "node") return false;
    const around = open.at(-1);
    const { excluded, inside } = around?.test(event.node.name, event.node.kind === "directory") ??
      { excluded: false, inside: patterns };
    if (excluded) skipped = 1;
    else open.push(inside);
    return excluded;
  };
  return (event) => skips(event) ? undefined : onEvent(event);
}

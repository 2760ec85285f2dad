/** Reads the counts out of the line that `deno test` ends with. */

import { stripVTControlCharacters } from "node:util";

/** How a run of `deno test` ended. */
export interface Summary {
  passed: number;
  failed: number;
  /** Tests that were there but not run on this machine. Those left out by --filter were not asked for: not counted. */
  skipped: number;
}

const line =
  /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored(?: \(\d+ steps?\))?)?(?: \| \d+ (?:measured|filtered out))* \(.+\)$/;

/** The counts of the last summary in the output; undefined when there is none. */
export function parseSummary(output: string): Summary | undefined {
  // The last one: a test may print a line like it, but Deno's own comes after all tests.
  const lines = stripVTControlCharacters(output).split(/\r?\n/).reverse();
  for (const text of lines) {
    const match = line.exec(text.trim());
    if (match) return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
  }
  return undefined;
}

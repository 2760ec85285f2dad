/** The line that `deno test` ends with: reads its counts, adds those of several runs, and writes such a line. */

import { stripVTControlCharacters } from "node:util";

/** What is counted, in the order and with the words of the line. */
const counted = ["passed", "failed", "ignored", "measured", "filtered out"] as const;

type Counted = typeof counted[number];

/** How a run of `deno test` ended: tests, and the steps in them. */
export type Summary = Record<Counted, { tests: number; steps: number }>;

const line = new RegExp(
  String.raw`^(?:ok|FAILED)((?: \| \d+ (?:${counted.join("|")})(?: \(\d+ steps?\))?)+) \([^)]+\)$`,
);

/** Without any test. */
export function emptySummary(): Summary {
  const none = () => ({ tests: 0, steps: 0 });
  return { passed: none(), failed: none(), ignored: none(), measured: none(), "filtered out": none() };
}

/** The counts of the last summary in the output; undefined when there is none. */
export function parseSummary(output: string): Summary | undefined {
  // The last one: a test may print a line like it, but Deno's own comes after all tests.
  const lines = stripVTControlCharacters(output).split(/\r?\n/).reverse();
  for (const text of lines) {
    const match = line.exec(text.trim());
    if (match === null) continue;
    const summary = emptySummary();
    for (const part of match[1].matchAll(/\| (\d+) ([a-z ]+?)(?: \((\d+) steps?\))?(?= \||$)/g)) {
      const what = counted.find((one) => one === part[2])!;
      summary[what] = { tests: Number(part[1]), steps: Number(part[3] ?? 0) };
    }
    return summary;
  }
  return undefined;
}

/** The names and places of the tests that failed, as the output lists them at its end. */
export function parseFailures(output: string): string {
  const text = stripVTControlCharacters(output);
  const start = text.lastIndexOf("\n FAILURES \n");
  if (start === -1) return "";
  const [, list] = text.slice(start).split(/\n\n/);
  return list.trimEnd();
}

/** Adds the second's counts to the first. */
export function addSummary(total: Summary, more: Summary): void {
  for (const what of counted) {
    total[what].tests += more[what].tests;
    total[what].steps += more[what].steps;
  }
}

/** The line in Deno's form, which {@linkcode parseSummary} reads. */
export function formatSummary(summary: Summary, milliseconds: number): string {
  const parts = counted
    .filter((what) => what === "passed" || what === "failed" || summary[what].tests > 0)
    .map((what) => {
      const { tests, steps } = summary[what];
      return `${tests} ${what}${steps === 0 ? "" : ` (${steps} ${steps === 1 ? "step" : "steps"})`}`;
    });
  const ok = summary.failed.tests === 0 ? "ok" : "FAILED";
  return `${ok} | ${parts.join(" | ")} (${duration(milliseconds)})`;
}

function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

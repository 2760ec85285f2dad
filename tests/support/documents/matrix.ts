/** Tries the tables of docs/interop.md: each cell says what comes of it, and has to be right. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { readDocPage } from "./doc_tables.ts";
import type { RunResult } from "../process.ts";
import { share, thorough } from "../thorough.ts";

/** What came of a cell. */
export interface Outcome {
  readonly word: "yes" | "partly" | "no" | "hangs";
  /** What the program wrote to standard error. */
  readonly says: string;
  /** What is not as it was, in the words of the notes. */
  readonly differs: readonly string[];
}

/** A row's cells, by the heads of their columns. */
export type Cells = Record<string, () => Promise<Outcome>>;

const page = readDocPage("interop.md");

/** What came of a program that shall have made what `differences` looks at. */
export function outcome(result: RunResult, differences: readonly string[]): Outcome {
  if (result.code !== 0) return { word: "no", says: result.stderr, differs: [] };
  return { word: differences.length === 0 ? "yes" : "partly", says: result.stderr, differs: differences };
}

/**
 * Tries the table below a heading. The rows, by their first cell, prepare what their cells are about. A usual run tries
 * one cell of each row, the columns in turn, or of each `usual` row.
 */
export async function tryTable(
  heading: string,
  rows: Record<string, () => Promise<Cells>>,
  usual = Object.keys(rows),
): Promise<void> {
  const table = page.tables.get(heading);
  ok(table !== undefined, `docs/interop.md has no table "${heading}"`);
  deepStrictEqual([...table.rows.keys()], Object.keys(rows), `${heading}: the rows`);
  const wrong: string[] = [];
  const tried = thorough ? Object.keys(rows) : usual;
  for (const [turn, label] of tried.entries()) {
    const cells = await rows[label]();
    deepStrictEqual(table.columns, Object.keys(cells), `${heading}: the columns`);
    await Promise.all(
      share(Object.entries(cells), 1, turn).map(async ([column, attempt]) => {
        const cell = table.rows.get(label)!.get(column)!;
        const complaint = judge(cell, await attempt());
        if (complaint !== undefined) wrong.push(`${heading}: ${label}: ${column}: ${complaint}`);
      }),
    );
  }
  ok(wrong.length === 0, `docs/interop.md is wrong:\n${wrong.join("\n")}`);
}

/** What is wrong with a cell. */
function judge(cell: string, { word, says, differs }: Outcome): string | undefined {
  const [, claim, references] = /^(yes|partly|no|hangs)((?:\[\^[\w-]+\])*)$/.exec(cell) ?? [];
  const is = `${cell} is ${word} (${[...differs, says.trim().slice(0, 300)].join(", ")})`;
  if (claim !== word) return is;
  const notes = namesIn(references).map((name) => page.notes.get(name)).join(" ");
  if (word === "no") {
    const quotes = [...notes.matchAll(/"([^"]+)"/g)].map(([, quote]) => quote);
    if (quotes.length === 0 || !quotes.every((quote) => says.includes(quote))) return is;
  }
  if (word === "partly") {
    const bold = [...notes.matchAll(/\*\*([^*]+)\*\*/g)].map(([, what]) => what).sort();
    if (bold.length === 0 || bold.join() !== [...differs].sort().join()) return is;
  }
  return undefined;
}

function namesIn(references: string): string[] {
  return [...references.matchAll(/\[\^([\w-]+)\]/g)].map(([, name]) => name);
}

/** Fails when the page has a table that is not among these, a note that no cell needs, or none that one needs. */
export function tryPage(headings: readonly string[]): void {
  deepStrictEqual([...page.tables.keys()], headings);
  const cells = [...page.tables.values()].flatMap(({ rows }) =>
    [...rows.values()].flatMap((row) => [...row.values()])
  );
  const used = new Set(cells.flatMap(namesIn));
  deepStrictEqual([...page.notes.keys()].sort(), [...used].sort(), "the notes");
}

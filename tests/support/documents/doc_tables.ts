/** The tables of a page in docs/ and the notes that their cells refer to, for tests that try what a page says. */

import { join } from "node:path";
import { repository } from "../process.ts";

/** One table: the cells by the row's first cell and the column's head, both in the page's order. */
export interface DocTable {
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What a page has. */
export interface DocPage {
  /** By the heading above them, one for each. */
  readonly tables: ReadonlyMap<string, DocTable>;
  /** What stands behind `[^name]:`, by name. */
  readonly notes: ReadonlyMap<string, string>;
}

/** Reads a page of docs/. Fails when a heading has two tables, or a row two lines or too many cells. */
export function readDocPage(name: string): DocPage {
  return parseDocPage(Deno.readTextFileSync(join(repository, "docs", name)));
}

/** The same with the page's text. */
export function parseDocPage(text: string): DocPage {
  const tables = new Map<string, DocTable>();
  for (const section of text.split(/^#+ /m).slice(1)) {
    const [heading, ...lines] = section.split("\n");
    const table = lines.filter((line) => line.startsWith("|")).map(cellsOf);
    if (table.length > 0) tables.set(heading, tableOf(heading, table));
  }
  const notes = new Map<string, string>();
  for (const [, name, note] of text.matchAll(/^\[\^([\w-]+)\]:((?:.|\n(?!\n|\[\^|#))*)/gm)) {
    notes.set(name, note.replaceAll(/\s+/g, " ").trim());
  }
  return { tables, notes };
}

function cellsOf(line: string): string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function tableOf(heading: string, [head, rule, ...body]: string[][]): DocTable {
  if (!rule?.every((cell) => /^:?-+:?$/.test(cell))) throw new Error(`"${heading}" has no table's head`);
  const rows = new Map<string, Map<string, string>>();
  for (const [label, ...cells] of body) {
    if (rows.has(label)) throw new Error(`"${heading}" has more than one row "${label}", or two tables`);
    if (cells.length !== head.length - 1) throw new Error(`"${label}" has ${cells.length + 1} cells`);
    rows.set(label, new Map(cells.map((cell, i) => [head[i + 1], cell])));
  }
  return { columns: head.slice(1), rows };
}

/** The documents name files, and each other: what they name is there. What two of them say is the same. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { parseDocPage } from "./support/documents/doc_tables.ts";
import { anchorsOf, pages, proseOf } from "./support/documents/pages.ts";
import { exists } from "./support/exists.ts";
import { repository } from "./support/process.ts";

const documents = pages();

Deno.test("files and directories that the documents name are there", () => {
  const missing: string[] = [];
  let count = 0;
  for (const { path: document, text } of documents) {
    const named = [...text.matchAll(/`((?:src|tests|bench|fuzz|testdata|docs)\/[\w./-]+)`/g)]
      .map(([, path]) => join(repository, path));
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, path]) => join(repository, dirname(document), path));
    for (const path of [...named, ...linked]) {
      count++;
      if (!exists(path)) missing.push(`${document}: ${path.slice(repository.length)}`);
    }
  }
  deepStrictEqual(missing, []);
  ok(count > 50, String(count));
});

Deno.test("headings that the documents link to are there", () => {
  const anchors = new Map(documents.map((page) => [page.path, anchorsOf(page)]));
  const links = documents.flatMap((page) =>
    [...proseOf(page).matchAll(/\]\(((?!https?:)[^)#\s]*)#([^)]*)\)/g)].map(([, path, anchor]) => ({
      from: page.path,
      to: path === "" ? page.path : normalize(join(dirname(page.path), path)).replaceAll("\\", "/"),
      anchor,
    }))
  );
  ok(links.length > 10, String(links.length));
  deepStrictEqual(links.filter(({ to, anchor }) => !anchors.get(to)?.includes(anchor)), []);
});

Deno.test("measurements in the README are those of the page about performance", () => {
  const tables = (path: string) => parseDocPage(documents.find((page) => page.path === path)!.text).tables;
  const measured = tables("docs/performance.md").get("Performance")!;
  const shown = tables("README.md").get("Performance")!;
  ok(shown.rows.size > 10, String(shown.rows.size));
  for (const [job, cells] of shown.rows) {
    for (const column of shown.columns) {
      deepStrictEqual(cells.get(column), measured.rows.get(job)?.get(column), `${job}: ${column}`);
    }
  }
});

/** The documents name files, and each other: what they name is there. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join } from "node:path";
import { exists } from "./support/exists.ts";
import { repository } from "./support/process.ts";

const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "testdata/README.md"]
  .flatMap((name) =>
    name.endsWith(".md")
      ? [name]
      : [...Deno.readDirSync(join(repository, name))].filter((entry) => entry.name.endsWith(".md"))
        .map((entry) => `${name}/${entry.name}`)
  );

Deno.test("files and directories that the documents name are there", () => {
  const missing: string[] = [];
  let count = 0;
  for (const document of documents) {
    const text = Deno.readTextFileSync(join(repository, document));
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

/** What the sources use of Deno is in npm/platform/deno.ts, or is nothing that Node comes to. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { onNode } from "../../npm/platform/deno.ts";
import { filesIn } from "../support/files.ts";
import { repository } from "../support/process.ts";

/** Types, and what is behind a question whose answer is no in Node: whether foreign functions are permitted. */
const NOT_IN_NODE = [
  "ChildProcess",
  "HttpClient",
  "UnsafeFnPointer",
  "UnsafePointer",
  "UnsafePointerView",
  "dlopen",
];

Deno.test("all that the sources use of Deno is there in Node", () => {
  const used = new Set<string>();
  for (const path of filesIn(join(repository, "src")).filter((path) => path.endsWith(".ts"))) {
    const code = Deno.readTextFileSync(join(repository, "src", path)).replaceAll(
      /\/\*[^]*?\*\/|\/\/.*$/gm,
      "",
    );
    for (const [, name] of code.matchAll(/\bDeno\.((?:errors\.)?\w+)/g)) used.add(name);
  }
  const isValue = (name: string) =>
    name.startsWith("errors.") || typeof Reflect.get(Deno, name) !== "undefined";
  const has = (name: string) => name.startsWith("errors.") ? name.slice(7) in onNode.errors : name in onNode;
  deepStrictEqual([...used].filter((name) => isValue(name) && !has(name)).sort(), NOT_IN_NODE);
  ok(used.size > 40);
});

/** All that can be seen of a tree of files, told by the system and by none of the programs that are tested. */

import { join } from "node:path";
import { chattrOf, xattrsOf } from "./attributes.ts";
import { run } from "../process.ts";
import { sha256 } from "../sha.ts";

/** By path, and then by what it is: `modes`, `times`, `attributes` … */
export type TreeState = Record<string, Record<string, string>>;

/** Extended attributes that have a name of their own here. */
const attributeKinds: [RegExp, string][] = [
  [/^system\.posix_acl_access$/, "access lists"],
  [/^system\.posix_acl_default$/, "access lists"],
  [/^security\.capability$/, "capabilities"],
  [/^security\.selinux$/, "labels"],
];

/** Reads the tree. Takes GNU find and, for the attributes of others, root. */
export async function treeState(root: string): Promise<TreeState> {
  const fields = ["%P", "%y", "%m", "%U:%G", "%T@", "%l", "%n"];
  const { stdout } = await run("find", [root, "-printf", fields.map((field) => `${field}\\0`).join("")]);
  const values = stdout.split("\0");
  const state: TreeState = {};
  for (let at = 0; at + fields.length <= values.length; at += fields.length) {
    const [path, kind, mode, owner, time, target, links] = values.slice(at, at + fields.length);
    const full = join(root, path);
    const seen: Record<string, string> = { kinds: kind, modes: mode, owners: owner };
    seen[kind === "l" ? "times of symlinks" : "times"] = time;
    if (kind === "f") seen["hard links"] = links;
    if (kind === "f") seen.contents = sha256(Deno.readFileSync(full));
    if (kind === "l") seen.contents = target;
    if (kind === "c" || kind === "b") seen.contents = String(Deno.lstatSync(full).rdev);
    if (kind === "f" || kind === "d") seen["chattr flags"] = String(chattrOf(full));
    for (const [name, value] of Object.entries(xattrsOf(full))) {
      const what = attributeKinds.find(([pattern]) => pattern.test(name))?.[1] ?? "attributes";
      seen[what] = `${seen[what] ?? ""} ${name}=${value}`;
    }
    state[path] = seen;
  }
  return state;
}

/** What of `expected` is otherwise in `actual`; `names` when something is missing or too much. */
export function differences(actual: TreeState, expected: TreeState): string[] {
  const found = new Set<string>();
  for (const path of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
    const [one, other] = [actual[path], expected[path]];
    if (one === undefined || other === undefined) {
      found.add("names");
    } else if (one.kinds !== other.kinds) {
      found.add("kinds"); // of which nothing else can be compared
    } else {
      for (const what of [...Object.keys(one), ...Object.keys(other)]) {
        if (one[what] !== other[what]) found.add(what);
      }
    }
  }
  return [...found].sort();
}

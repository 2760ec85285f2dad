import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { basics } from "./peers.ts";
import { repository } from "./process.ts";

/** The programs that a file's text starts by name, each with its line. */
function startedByName(text: string): [line: number, program: string][] {
  const starts =
    /\b(?:run|runAny|Deno\.Command|Daemon|spawn|spawnSync|execFileSync)\(\s*"([\w./][\w.+/-]*)"/g;
  return [...text.matchAll(starts)].map((match) => {
    return [text.slice(0, match.index).split("\n").length, match[1]];
  });
}

function filesBelow(directory: string): string[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
    const path = join(directory, name);
    return isDirectory ? filesBelow(path) : name.endsWith(".ts") ? [path] : [];
  });
}

Deno.test("programs that may be missing are started by what peers.ts found, so that tests are skipped without", () => {
  const files = filesBelow(join(repository, "tests"));
  ok(files.length > 100);
  const known = (program: string) => basics.includes(program.replace(/^\/bin\//, ""));
  const others = files.flatMap((file) => {
    return startedByName(Deno.readTextFileSync(file))
      .filter(([, program]) => !known(program))
      .map(([line, program]) => `${file.slice(repository.length)}:${line} starts ${program}`);
  });
  deepStrictEqual(others, []);
});

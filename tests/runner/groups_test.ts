import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { groupsOf } from "./groups.ts";

const names = (count: number) => Array.from({ length: count }, (_, i) => `${i + 100}`);

Deno.test("few files get a process each", () => {
  deepStrictEqual(groupsOf(names(5), ["101"], () => ""), names(5).map((name) => [name]));
});

Deno.test("of many files neighbours share a process, long ones are dealt out, and some are alone", () => {
  const long = ["110", "103", "120", "140"];
  const texts: Record<string, string> = {
    "105": "Deno.test.afterAll(() => {});",
    "120": 'Deno.env.set("A", "b");',
    "130": 'Deno.readDirSync("/proc/self/fd")',
    "131": 'const target = "/proc/self/fd/1";',
  };
  const files = [...long, ...names(60).filter((name) => !long.includes(name))];
  const groups = groupsOf(files, long, (file) => texts[file] ?? "");
  deepStrictEqual(groups.slice(0, 1), [["110", "103", "140"]]);
  deepStrictEqual(groups.slice(-3), [["120"], ["105"], ["130"]]);
  const neighbours = groups.slice(1, -3);
  deepStrictEqual(neighbours.flat(), neighbours.flat().toSorted());
  strictEqual(neighbours.every(({ length }) => length > 10), true);
  deepStrictEqual(groups.flat().sort(), files.toSorted());
});

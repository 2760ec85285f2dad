import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { fromWindowsTarget, leadsToDirectory, toWindowsTarget } from "../../../src/deno/tree/link_target.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("a symlink leads to a directory when its target is one, without following others", () => {
  using dir = tempDir();
  dir.dir("tree/a/b");
  dir.write("tree/file", "x");
  if (Deno.build.os !== "windows") Deno.symlinkSync("a", dir.path("tree", "link"));
  const leads = (target: string) => leadsToDirectory(dir.path("tree", "a"), target);
  for (const target of ["b", "./b/", "..", "../a//b", ".", "../../tree/a", "..\\a"]) {
    strictEqual(leads(target), true, target);
  }
  const others = [
    "c",
    "../file",
    "../file/..",
    "../link",
    "../link/b",
    "/",
    "\\\\host\\share",
    "C:\\",
    "b:x",
    "nul",
    "b.",
  ];
  for (const target of others) strictEqual(leads(target), false, target);
  strictEqual(leads(dir.path("tree")), false, "what begins elsewhere is not looked at");
});

Deno.test("targets of symlinks have slashes in archives, and what Windows has there", () => {
  const pairs = [["..\\a\\b", "../a/b"], ["\\\\?\\C:\\x", "C:/x"], [
    "\\\\?\\UNC\\host\\share",
    "//host/share",
  ], ["a", "a"]];
  deepStrictEqual(pairs.map(([target]) => fromWindowsTarget(target)), pairs.map(([, target]) => target));
  strictEqual(toWindowsTarget("../a/b"), "..\\a\\b");
});

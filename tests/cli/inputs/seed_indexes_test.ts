import { strictEqual } from "node:assert/strict";
import { seedIndexesDirectory } from "../../../src/cli/inputs/seeds.ts";

Deno.test({
  name: "the indexes of seeds are kept in the cache, else with the user's caches",
  ignore: Deno.build.os === "windows",
  fn: () => {
    const before = Deno.env.toObject();
    Deno.env.delete("XDG_CACHE_HOME");
    Deno.env.set("HOME", "/home/me");
    strictEqual(seedIndexesDirectory("/var/cache/desync"), "/var/cache/desync/.seeds");
    strictEqual(seedIndexesDirectory("https://example.com/cache"), "/home/me/.cache/desync/seeds");
    strictEqual(seedIndexesDirectory(undefined), "/home/me/.cache/desync/seeds");
    Deno.env.set("XDG_CACHE_HOME", "/caches");
    strictEqual(seedIndexesDirectory(undefined), "/caches/desync/seeds");
    Deno.env.set("XDG_CACHE_HOME", "caches");
    strictEqual(seedIndexesDirectory(undefined), "/home/me/.cache/desync/seeds");
    Deno.env.delete("HOME");
    strictEqual(seedIndexesDirectory(undefined), undefined);
    Deno.env.delete("XDG_CACHE_HOME");
    for (const [name, value] of Object.entries(before)) Deno.env.set(name, value);
  },
});

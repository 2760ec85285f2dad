import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { basename, join } from "node:path";
import { runCli } from "../../../support/cli.ts";
import { oldPieces } from "../../../support/data/changed_versions.ts";
import { canMake, makeDelta, serveParts, sourcesOf, versions } from "../../../support/data/delta_versions.ts";
import { exists } from "../../../support/exists.ts";
import { assertFails } from "../../../support/failure.ts";
import { makeBlob } from "../../../support/made.ts";
import { random } from "../../../support/random.ts";
import { sameBytes } from "../../../support/same_bytes.ts";
import { tempDir } from "../../../support/temp.ts";

Deno.test({
  name: "a delta is the same from files and from stores, by any number of threads",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1, v2 } = made;
    const expected = Deno.readFileSync(await makeDelta(dir, made));
    const ways = [
      ["-s", old.store, "-s", next.store, old.index, next.index],
      ["-s", old.store, `${old.index}`, `${next.index}:${v2}`],
      ["-n", "1", `${old.index}:${v1}`, `${next.index}:${v2}`],
    ];
    for (const way of ways) {
      const output = dir.path("again");
      const { code, stderr } = await runCli(["delta", ...way, output]);
      deepStrictEqual([code, stderr], [0, ""], way.join(" "));
      sameBytes(Deno.readFileSync(output), expected);
    }
  },
});

Deno.test({
  name: "each chunk is requested from a store once",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next } = made;
    const expected = Deno.readFileSync(await makeDelta(dir, made));
    await using server = await serveParts(dir.root);
    const stores = [old, next].flatMap(({ store }) => ["-s", `${server.url}/${basename(store)}`]);
    const output = dir.path("again");
    const { code, stderr } = await runCli(["delta", ...stores, old.index, next.index, output]);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(output), expected);
    const answered = server.requests.map(({ path }) => path).filter((path) => exists(join(dir.root, path)));
    ok(answered.length > 20, String(answered.length));
    deepStrictEqual(answered.toSorted(), [...new Set(answered)].toSorted());
  },
});

Deno.test({
  name: "a delta that does not pay is not written, unless that is asked for",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const generator = random();
    const old = makeBlob(dir, oldPieces(generator, 4), { name: "old" });
    const next = makeBlob(dir, oldPieces(generator, 4), { name: "next" });
    const args = ["delta", "-s", old.store, "-s", next.store, old.index, next.index, dir.path("delta")];
    const { code, stderr } = await runCli(args);
    strictEqual(code, 0);
    match(stderr, /^\S*delta is not written: the delta would take .*, the 4 chunks themselves about .*\n$/);
    ok(!exists(dir.path("delta")));
    strictEqual((await runCli([...args, "--always"])).code, 0);
    ok(exists(dir.path("delta")));
  },
});

Deno.test({
  name: "wrong arguments of delta are refused in one line, and lose nothing",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { old, next, v1, v2 } = versions(dir);
    const output = dir.path("delta");
    const [from, to] = [`${old.index}:${v1}`, `${next.index}:${v2}`];
    assertFails(await runCli(["delta", from, `${next.index}:${v1}`, output]), 3, v1, "bytes");
    const changed = old.bytes.slice();
    changed[40_000] ^= 1;
    const other = dir.write("changed", changed);
    for (const version of [`${old.index}:${other}`, "-"]) {
      const as = version === "-" ? `${old.index}:${other}` : to;
      assertFails(await runCli(["delta", version, as, output]), 3, other, "not what its index");
    }
    assertFails(await runCli(["delta", old.index, to, output]), 2, "--store");
    assertFails(await runCli(["delta", from, "-", dir.root]), 2, '"-" cannot be the new version');
    assertFails(await runCli(["delta", from, to, v2]), 2, "is not a delta file");
    assertFails(await runCli(["delta", from, to, next.index]), 2, "same file");
    assertFails(await runCli(["delta", from, `${dir.path("missing")}.caibx:${v2}`, output]), 1, "missing");
    assertFails(await runCli(["delta", from, `${next.index}:${dir.path("gone")}`, output]), 1, "gone");
    assertFails(await runCli(["delta", from, to, "-"]), 2, "not a regular file");
    if (Deno.build.os !== "windows") {
      const pipe = dir.path("pipe");
      strictEqual((await new Deno.Command("mkfifo", { args: [pipe] }).output()).code, 0);
      assertFails(await runCli(["delta", from, to, pipe]), 2, "not a regular file");
      ok(Deno.statSync(pipe).isFifo);
    }
    ok(!exists(output));
    sameBytes(Deno.readFileSync(v2), next.bytes);
  },
});

Deno.test({
  name: "make and tar publish deltas from older versions with the index",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { v1, v2 } = versions(dir);
    const [store, i1, i2] = [dir.path("store"), dir.path("www", "v1.caibx"), dir.path("www", "v2.caibx")];
    const make = ["make", "-m", "4:16:64", "-s", store];
    strictEqual((await runCli([...make, i1, v1])).code, 0);
    for (const from of [i1, `${i1}:${v1}`]) {
      const { code, stdout, stderr } = await runCli([...make, "--delta-from", from, i2, v2]);
      deepStrictEqual([code, stdout, stderr], [0, "", ""]);
      const [delta, ...more] = [...Deno.readDirSync(dir.path("www"))].filter(({ name }) =>
        name.endsWith("delta")
      );
      deepStrictEqual(more, []);
      const info = JSON.parse((await runCli(["info", "--seed", i1, dir.path("www", delta.name)])).stdout);
      ok(info["chunks-from-old"] > 0);
      Deno.removeSync(dir.path("www", delta.name));
    }
    assertFails(await runCli([...make, "--delta-from", i1, "-", v2]), 2, "--delta-from");
    assertFails(await runCli(["make", "--delta-from", i1, dir.path("x.caibx"), v2]), 2, "--store");
    assertFails(await runCli(["tar", "--delta-from", i1, dir.path("x.catar"), dir.path("www")]), 2, "-i");
    assertFails(await runCli([...make, "--delta-from", `${i1}:${v2}`, dir.path("x.caibx"), v2]), 3, v2);
    ok(!exists(dir.path("x.caibx")), "the index comes last");
  },
});

Deno.test({
  name: "a pack has all chunks of a version, and needs no seed",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { next, v2 } = versions(dir);
    const pack = dir.path("pack");
    const made = await runCli(["delta", "-", `${next.index}:${v2}`, pack]);
    deepStrictEqual([made.code, made.stderr], [0, ""]);
    const args = ["-s", dir.dir("nothing"), "--delta", pack, next.index];
    const { code, stdout, stderr } = await runCli(["extract", "--print-stats", ...args, dir.path("out")]);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(dir.path("out")), next.bytes);
    strictEqual(sourcesOf(stdout).delta[1], Deno.statSync(pack).size);
    // What would begin a query in a URL is a part of a file's name.
    const [index, web] = [dir.path("v#2.caibx"), dir.dir("www")];
    Deno.renameSync(next.index, index);
    strictEqual((await runCli(["delta", "-", `${index}:${v2}`, web])).code, 0);
    sameBytes(Deno.readFileSync(`${web}/v#2.caibx.cadelta`), Deno.readFileSync(pack));
  },
});

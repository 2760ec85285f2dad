import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../../support/cli.ts";
import { canMake, makeDelta, serveParts, sourcesOf, versions } from "../../../support/data/delta_versions.ts";
import { assertFails } from "../../../support/failure.ts";
import { sameBytes } from "../../../support/same_bytes.ts";
import { tempDir } from "../../../support/temp.ts";

Deno.test({
  name: "a delta is found by its name beside the index, and by no other",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { old, next, v1, v2 } = versions(dir);
    await using server = await serveParts(dir.root);
    Deno.copyFileSync(next.index, dir.path("www", "v2.caibx"));
    const seed = ["--seed", `${old.index}:${v1}`];
    const args = [...seed, "-s", `${server.url}/next`, `${server.url}/www/v2.caibx?version=2`];
    const out = dir.path("out");
    const extracts = async (...more: string[]) => {
      const first = server.requests.length;
      const { code, stdout, stderr } = await runCli(["extract", "--print-stats", ...more, ...args, out]);
      deepStrictEqual([code, stderr], [0, ""]);
      sameBytes(Deno.readFileSync(out), next.bytes);
      Deno.removeSync(out);
      const asked = server.requests.slice(first).map(({ path }) => path).filter((path) => /delta/.test(path));
      return { patched: JSON.parse(stdout)["chunks-patched"], asked: asked.length };
    };
    // None is there, and nothing is said.
    deepStrictEqual(await extracts(), { patched: 0, asked: 1 });
    const web = dir.path("www");
    const to = `${dir.path("www", "v2.caibx")}:${v2}`;
    strictEqual((await runCli(["delta", `${old.index}:${v1}`, to, web])).code, 0);
    const [name] = [...Deno.readDirSync(web)].map(({ name }) => name).filter((name) =>
      name.endsWith("delta")
    );
    match(name, /^v2\.caibx\.[0-9a-f]{16}\.cadelta$/);
    ok((await extracts()).patched > 0);
    deepStrictEqual(await extracts("--no-delta"), { patched: 0, asked: 0 });
    const planned = async (...more: string[]) => {
      const plan = ["info", "--plan=json", "--seed", old.index, ...args.slice(2), ...more];
      return JSON.parse((await runCli(plan)).stdout).sources.some(({ kind }: { kind: string }) =>
        kind === "patched"
      );
    };
    deepStrictEqual([await planned(), await planned("--no-delta")], [true, false]);
    // One for another new version is as good as none.
    Deno.renameSync(`${web}/${name}`, dir.path("kept"));
    strictEqual((await runCli(["delta", to, `${old.index}:${v1}`, dir.path("back")])).code, 0);
    Deno.copyFileSync(dir.path("back"), `${web}/${name}`);
    const { code, stderr } = await runCli(["extract", ...args, out]);
    strictEqual(code, 0);
    match(stderr, /another new version/);
    sameBytes(Deno.readFileSync(out), next.bytes);
  },
});

Deno.test({
  name: "info describes a delta file, and with the old version what it makes",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const delta = `${await makeDelta(dir, made)}.cadelta`;
    Deno.renameSync(delta.slice(0, -8), delta);
    const alone = await runCli(["info", delta]);
    deepStrictEqual([alone.code, alone.stderr], [0, ""]);
    const { size } = Deno.statSync(delta);
    const facts = JSON.parse(alone.stdout);
    deepStrictEqual([facts.size, facts["old-size"], facts.frames], [size, made.old.bytes.length, undefined]);
    const whole = JSON.parse((await runCli(["info", "--seed", made.old.index, delta])).stdout);
    deepStrictEqual([whole["old-digest"], whole["blob-size"]], [facts["old-digest"], made.next.bytes.length]);
    ok(whole["chunks-from-old"] > 0 && whole["chunks-elsewhere"] === 0);
    match((await runCli(["info", "-f", "plain", delta])).stdout, /^Size of the delta: \d+\n/);
    assertFails(await runCli(["info", "--delta", delta, made.next.index]), 2, "--plan");
    const plan = await runCli(["info", "--plan=json", "--seed", made.old.index, delta]);
    strictEqual(JSON.parse(plan.stdout).fetch["compressed-size"], size);
    assertFails(await runCli(["info", "--plan", delta]), 2, "--seed");
    assertFails(await runCli(["info", dir.write("x.cadelta", "no delta")]), 1, "does not start like one");
  },
});

Deno.test({
  name: "a delta in the place of the index brings it along",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1 } = made;
    Deno.renameSync(await makeDelta(dir, made), dir.path("web", "v2.cadelta"));
    await using server = await serveParts(dir.root);
    const [seed, url] = [["--seed", `${old.index}:${v1}`], `${server.url}/web/v2.cadelta`];
    const args = ["extract", "-s", `${server.url}/next`, "--print-stats", ...seed, url, dir.path("out")];
    const { code, stdout, stderr } = await runCli(args);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(dir.path("out")), next.bytes);
    ok(server.requests.every(({ path }) => path === "/web/v2.cadelta"));
    strictEqual(sourcesOf(stdout).delta[1], Deno.statSync(dir.path("web", "v2.cadelta")).size);
    assertFails(
      await runCli(["extract", "-s", next.store, "--seed", v1, url, dir.path("o")]),
      2,
      "--seed INDEX:BLOB",
    );
    const cut = dir.write("cut.cadelta", Deno.readFileSync(dir.path("web", "v2.cadelta")).subarray(0, 500));
    assertFails(
      await runCli(["extract", "-s", next.store, ...seed, cut, dir.path("o")]),
      1,
      "not a valid delta",
    );
  },
});

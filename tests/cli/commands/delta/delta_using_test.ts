import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { concat } from "../../../../src/core/bytes.ts";
import { runCli } from "../../../support/cli.ts";
import {
  canMake,
  makeDelta,
  serveParts,
  sourcesOf,
  treeVersions,
  versions,
} from "../../../support/data/delta_versions.ts";
import { exists } from "../../../support/exists.ts";
import { assertFails } from "../../../support/failure.ts";
import { contentOf } from "../../../support/files.ts";
import { sameBytes } from "../../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../../support/temp.ts";

Deno.test({
  name: "a delta file takes the place of the chunks that the old version lacks, and the plan knows its bytes",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1 } = made;
    const delta = await makeDelta(dir, made);
    ok(Deno.statSync(delta).size < next.bytes.length / 8, String(Deno.statSync(delta).size));
    await using server = await serveParts(dir.root);
    const args = [
      ...["-s", `${server.url}/next/nowhere`, "--seed", `${old.index}:${v1}`],
      ...["--delta", `${server.url}/web/delta`, next.index, dir.path("out")],
    ];
    const plan = await runCli(["extract", "--dry-run=json", ...args]);
    deepStrictEqual([plan.code, plan.stderr], [0, ""]);
    const { sources, fetch } = JSON.parse(plan.stdout);
    // The same from the indexes alone.
    const named = ["--delta", `${server.url}/web/delta`];
    const more = ["-s", `${server.url}/next/nowhere`, "--seed", old.index, ...named, next.index];
    const asked = await runCli(["info", "--plan=json", ...more]);
    deepStrictEqual([asked.code, asked.stderr], [0, ""]);
    const others = (plan: string) =>
      JSON.parse(plan).sources.filter(({ kind }: { kind: string }) => kind !== "seed");
    deepStrictEqual(others(asked.stdout), others(plan.stdout));
    for (
      const [form, shows] of [["text", /^D .* made with delta/m], ["svg", /made with delta/], [
        "html",
        /made with delta/,
      ]] as const
    ) {
      match((await runCli(["info", form === "text" ? "--plan" : `--plan=${form}`, ...more])).stdout, shows);
    }
    const patched = sources.find(({ kind }: { kind: string }) => kind === "patched");
    ok(!exists(dir.path("out")));
    const before = server.requests.length;
    const { code, stdout, stderr } = await runCli(["extract", "--print-stats", ...args]);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(dir.path("out")), next.bytes);
    const requests = server.requests.slice(before);
    ok(requests.every(({ path }) => path === "/web/delta"), "nothing else is fetched");
    strictEqual(requests.length, fetch.requests);
    const stats = JSON.parse(stdout);
    deepStrictEqual([stats["chunks-from-store"], stats["chunks-patched"]], [0, patched.chunks]);
    const counted = stats.sources.find(({ name }: { name: string }) => name.startsWith("delta "));
    const repeats = sources.find(({ kind }: { kind: string }) => kind === "self");
    strictEqual(counted.bytes, patched.size + repeats.size);
    strictEqual(counted.storedBytes, patched["compressed-size"]);
    ok(counted.storedBytes <= Deno.statSync(delta).size, "nothing is fetched twice");
    strictEqual(patched["compressed-size"], fetch["compressed-size"]);
  },
});

Deno.test({
  name: "a server that gives no parts of files gives the whole delta, once",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1 } = made;
    const { size } = Deno.statSync(await makeDelta(dir, made));
    await using server = await serveParts(dir.root, { parts: false });
    const args = [
      "-s",
      dir.dir("none"),
      "--seed",
      `${old.index}:${v1}`,
      "--delta",
      `${server.url}/web/delta`,
    ];
    const { code, stdout, stderr } = await runCli([
      "extract",
      "--print-stats",
      ...args,
      next.index,
      dir.path("out"),
    ]);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(dir.path("out")), next.bytes);
    const { sources }: { sources: { name: string; storedBytes: number }[] } = JSON.parse(stdout);
    strictEqual(sources.find(({ name }) => name.startsWith("delta "))?.storedBytes, size);
    // The first shows what the server can.
    ok(server.requests.length <= 2, String(server.requests.length));
    Deno.renameSync(dir.path("web", "delta"), dir.path("web", "v.cadelta"));
    const { code: status, stdout: printed } = await runCli(["info", `${server.url}/web/v.cadelta`]);
    deepStrictEqual([status, JSON.parse(printed).size], [0, size]);
  },
});

Deno.test({
  name: "whatever is wrong with a delta or its old version, the file is right in the end",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1, v2 } = made;
    const delta = await makeDelta(dir, made);
    const bytes = Deno.readFileSync(delta);
    const back = dir.path("back");
    strictEqual((await runCli(["delta", `${next.index}:${v2}`, `${old.index}:${v1}`, back])).code, 0);
    // In the middle of the frames, from which the head is read apart.
    const changed = dir.write("changed", bytes.with(bytes.length - 200, bytes[bytes.length - 200] ^ 4));
    const elsewhere = dir.write(
      "v1.changed",
      old.bytes.map((byte, i) => i % 60_000 === 41_000 ? byte ^ 1 : byte),
    );
    const seed = ["--seed", `${old.index}:${v1}`];
    const ways: [RegExp, ...string[]][] = [
      [/no such file or directory .*continuing without/, ...seed, "--delta", dir.path("missing")],
      [/bytes instead of/, ...seed, "--delta", dir.write("cut", bytes.subarray(0, bytes.length - 1))],
      [/damaged/, ...seed, "--delta", dir.write("flipped", bytes.with(300, bytes[300] ^ 1))],
      [/not a valid delta file/, ...seed, "--delta", v1],
      [/another new version/, ...seed, "--delta", back],
      [/old version that it is for is not at hand/, "--delta", delta],
      [
        /another old version/,
        "--seed",
        `${next.index}:${dir.write("part", new Uint8Array(0))}`,
        "--skip-invalid-seeds",
        "--delta",
        delta,
      ],
      [/continuing without what it would make/, ...seed, "--delta", changed],
      [/not what its index/, "--seed", `${old.index}:${elsewhere}`, "--skip-invalid-seeds", "--delta", delta],
    ];
    for (const [says, ...way] of ways) {
      const output = dir.path("out");
      const { code, stderr } = await runCli(["extract", "-s", next.store, ...way, next.index, output]);
      strictEqual(code, 0, stderr);
      match(stderr, says);
      sameBytes(Deno.readFileSync(output), next.bytes);
      Deno.removeSync(output);
    }
    // What would wait for a writer that never comes is refused at once, as is a directory.
    const args = ["extract", "-s", next.store, ...seed, next.index, dir.path("out"), "--delta"];
    for (const other of [dir.root, ...(Deno.build.os === "windows" ? [] : [await namedPipe(dir)])]) {
      assertFails(await runCli([...args, other]), 2, other, "not a regular file");
    }
  },
});

async function namedPipe(dir: TempDir): Promise<string> {
  const pipe = dir.path("a pipe");
  strictEqual((await new Deno.Command("mkfifo", { args: [pipe] }).output()).code, 0);
  return pipe;
}

Deno.test({
  name: "the output may be the old version, replaced or updated in place",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1, v2 } = made;
    // Without an index the output is cut: its chunks have to be those that are cut.
    for (const [index, blob] of [[old.index, v1], [next.index, v2]]) {
      strictEqual((await runCli(["make", "-m", "4:16:64", "-s", next.store, index, blob])).code, 0);
    }
    const delta = await makeDelta(dir, made);
    const { size } = Deno.statSync(delta);
    const output = dir.path("output");
    for (const how of [[], ["-k"]]) {
      Deno.writeFileSync(output, old.bytes);
      const args = ["extract", ...how, "-s", next.store, "--delta", delta, next.index, output];
      const { code, stdout, stderr } = await runCli([...args, "--print-stats"]);
      deepStrictEqual([code, stderr], [0, ""]);
      sameBytes(Deno.readFileSync(output), next.bytes);
      const sources = sourcesOf(stdout);
      strictEqual(sources[next.store], undefined, stdout);
      strictEqual(sources.delta[1], size);
    }
    // As a run leaves it that was interrupted: a part of it is new, and what is left of the old one is still of use.
    const mixed = old.bytes.slice();
    mixed.set(next.bytes.subarray(0, old.bytes.length >> 2));
    Deno.writeFileSync(output, mixed);
    const rest = ["extract", "-k", "-s", next.store, "--delta", delta, next.index, output];
    const planned = JSON.parse((await runCli([...rest, "--dry-run=json"])).stdout);
    const resumed = await runCli([...rest, "--print-stats"]);
    deepStrictEqual([resumed.code, resumed.stderr], [0, ""]);
    sameBytes(Deno.readFileSync(output), next.bytes);
    ok(sourcesOf(resumed.stdout).delta[0] > next.bytes.length / 20, resumed.stdout);
    const patched = planned.sources.find(({ kind }: { kind: string }) => kind === "patched");
    strictEqual(sourcesOf(resumed.stdout).delta[1], patched["compressed-size"]);
    // As a device is: longer than the old version.
    Deno.writeFileSync(output, concat([old.bytes, new Uint8Array(100_000)]));
    const { code, stdout } = await runCli([
      ...["extract", "-k", "-s", next.store, "--delta", delta, "--print-stats", next.index, output],
    ]);
    strictEqual(code, 0);
    sameBytes(Deno.readFileSync(output), next.bytes);
    strictEqual(sourcesOf(stdout)[next.store], undefined, stdout);
  },
});

Deno.test({
  name: "untar makes new files of those of a seed, and of those that it updates",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { delta, indexes: [, next] } = await treeVersions(dir);
    // No chunk of the new version comes from a store.
    const args = ["untar", "-i", "-s", dir.dir("nothing"), "--delta", delta];
    const fresh = await runCli([...args, "--seed", dir.path("tree0"), next, dir.path("fresh")]);
    deepStrictEqual([fresh.code, fresh.stderr], [0, ""]);
    deepStrictEqual(contentOf(dir.path("fresh")), contentOf(dir.path("tree1")));
    const updated = await runCli([...args, "-k", "--delete", next, dir.path("tree0")]);
    strictEqual(updated.code, 0, updated.stderr);
    deepStrictEqual(contentOf(dir.path("tree0")), contentOf(dir.path("tree1")));
    const other = await runCli([
      ...args.slice(0, 2),
      "-s",
      dir.path("store"),
      "--delta",
      delta,
      next,
      dir.path("other"),
    ]);
    strictEqual(other.code, 0);
    match(other.stderr, /name the old version with --seed/);
    assertFails(await runCli(["untar", "--delta", delta, dir.path("x.catar"), dir.path("other")]), 2, "-i");
  },
});

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { openPrefixCompressor } from "../../../src/deno/codec/prefix_compressor.ts";
import { concat } from "../../../src/core/bytes.ts";
import { runCli } from "../../support/cli.ts";
import { newPieces, oldPieces } from "../../support/data/changed_versions.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf } from "../../support/files.ts";
import { type Made, makeBlob } from "../../support/made.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const canMake = hasLibrary();

function hasLibrary(): boolean {
  try {
    openPrefixCompressor()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** More than what is read of a delta at first. */
const NEW_BYTES = 40_000;

/** Two versions as files, each with its index and its store. */
function versions(dir: TempDir): { old: Made; next: Made; v1: string; v2: string } {
  const generator = random();
  const pieces = oldPieces(generator, 30);
  const old = makeBlob(dir, pieces, { name: "old" });
  const next = makeBlob(dir, newPieces(generator, pieces, NEW_BYTES), { name: "next" });
  return { old, next, v1: dir.write("v1.raw", old.bytes), v2: dir.write("v2.raw", next.bytes) };
}

/** A server with the files of a directory, that gives parts of them, if it can. */
async function serve(root: string, { parts = true } = {}): Promise<FaultyServer> {
  return await startFaultyServer({}, ({ path, headers }) => {
    let body: Uint8Array;
    try {
      body = Deno.readFileSync(root + path);
    } catch {
      return { status: 404 };
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
    if (from === undefined || !parts) return { body };
    const end = Math.min(Number(to) + 1, body.length);
    const range = `bytes ${from}-${end - 1}/${body.length}`;
    return { status: 206, headers: { "content-range": range }, body: body.subarray(Number(from), end) };
  });
}

/** Makes the delta of the two, as files. */
async function makeDelta(dir: TempDir, { old, next, v1, v2 }: ReturnType<typeof versions>): Promise<string> {
  const delta = dir.path("web", "delta");
  const { code, stdout, stderr } = await runCli([
    "delta",
    `${old.index}:${v1}`,
    `${next.index}:${v2}`,
    delta,
  ]);
  deepStrictEqual([code, stdout, stderr], [0, "", ""]);
  return delta;
}

Deno.test({
  name: "a delta file takes the place of the chunks that the old version lacks, and the plan knows its bytes",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1 } = made;
    const delta = await makeDelta(dir, made);
    ok(Deno.statSync(delta).size < next.bytes.length / 8, String(Deno.statSync(delta).size));
    await using server = await serve(dir.root);
    const args = [
      ...["-s", `${server.url}/next/nowhere`, "--seed", `${old.index}:${v1}`],
      ...["--delta", `${server.url}/web/delta`, next.index, dir.path("out")],
    ];
    const plan = await runCli(["extract", "--dry-run=json", ...args]);
    deepStrictEqual([plan.code, plan.stderr], [0, ""]);
    const { sources, fetch } = JSON.parse(plan.stdout);
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
    await using server = await serve(dir.root, { parts: false });
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

/** The sources of the statistics, by the first word of their names: bytes of the blob, and those that were read. */
function sourcesOf(stdout: string): Record<string, number[]> {
  const { sources }: { sources: { name: string; bytes: number; storedBytes: number }[] } = JSON.parse(stdout);
  return Object.fromEntries(
    sources.map(({ name, bytes, storedBytes }) => [name.split(" ")[0], [bytes, storedBytes]]),
  );
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

/** Trees of two versions, packed into one store, and their delta. */
async function trees(dir: TempDir): Promise<{ delta: string; indexes: string[] }> {
  const generator = random();
  const pieces = oldPieces(generator, 24);
  const indexes: string[] = [];
  for (const [i, files] of [pieces, newPieces(generator, pieces, NEW_BYTES)].entries()) {
    for (const [n, bytes] of files.entries()) dir.write(`tree${i}/d${n % 3}/${n}`, bytes);
    indexes.push(dir.path(`tree${i}.caidx`));
    const args = [
      "tar",
      "-i",
      "--with",
      "permissions",
      "-s",
      dir.path("store"),
      indexes[i],
      dir.path(`tree${i}`),
    ];
    const { code, stderr } = await runCli(args);
    strictEqual(code, 0, stderr);
  }
  const delta = dir.path("tree.cadelta");
  const { code, stderr } = await runCli(["delta", "-s", dir.path("store"), ...indexes, delta]);
  deepStrictEqual([code, stderr], [0, ""]);
  return { delta, indexes };
}

Deno.test({
  name: "untar makes new files of those of a seed, and of those that it updates",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { delta, indexes: [, next] } = await trees(dir);
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

Deno.test({
  name: "a delta is found by its name beside the index, and by no other",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const { old, next, v1, v2 } = versions(dir);
    await using server = await serve(dir.root);
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
    assertFails(await runCli(["info", dir.write("x.cadelta", "no delta")]), 1, "does not start like one");
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

Deno.test({
  name: "a delta in the place of the index brings it along",
  ignore: !canMake,
  fn: async () => {
    using dir = tempDir();
    const made = versions(dir);
    const { old, next, v1 } = made;
    Deno.renameSync(await makeDelta(dir, made), dir.path("web", "v2.cadelta"));
    await using server = await serve(dir.root);
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

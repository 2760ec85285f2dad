/** `untar --seed`, `--in-place` and `--delete` as users run them: what is fetched, and what stands in the target. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { LocalStore } from "../../../../src/deno/store/local_store.ts";
import { makeFromTree } from "../../../../src/deno/make_from_tree.ts";
import { serializeIndex } from "../../../../src/formats/index/index.ts";
import { runCli } from "../../../support/cli.ts";
import { cliCommand } from "../../../support/cli_command.ts";
import { exists } from "../../../support/exists.ts";
import { assertFails } from "../../../support/failure.ts";
import { contentOf, filesIn } from "../../../support/files.ts";
import { peers } from "../../../support/peers.ts";
import { random } from "../../../support/random.ts";
import { type FaultyServer, startFaultyServer } from "../../../support/servers/faulty_server.ts";
import {
  canBeUser,
  canDropPrivileges,
  runCliAsUser,
  runCliUnprivileged,
} from "../../../support/system/without_privileges.ts";
import { type TempDir, tempDir } from "../../../support/temp.ts";
import { takingTurns } from "../../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const owner = Deno.build.os !== "windows" && Deno.uid() === 0 ? [] : ["--no-same-owner"];
const untar = ["untar", "-i", "--no-sync", ...owner];
const unix = Deno.build.os !== "windows";

const SIZES = { min: 1024, avg: 4096, max: 16384 };
const VERSIONS = ["v1", "v2"];
const DIRECTORIES = 8;

/** Two versions of a tree, of which the second has some files more, less, and changed, with their indexes in one store. */
async function makeVersions(dir: TempDir): Promise<void> {
  const generator = random();
  for (let i = 0; i < DIRECTORIES; i++) {
    for (let file = 0; file < 8; file++) {
      const bytes = generator.bytes(3000);
      for (const version of VERSIONS) dir.write(`${version}/dir-${i}/file-${file}`, bytes);
    }
  }
  const large = generator.bytes(400_000);
  dir.write("v1/large", large);
  dir.write("v2/large", new Uint8Array([...generator.bytes(100), ...large]));
  Deno.removeSync(dir.path("v2/dir-3/file-3"));
  dir.write("v2/dir-5/new", generator.bytes(5000));
  dir.write("v2/dir-7/file-7", generator.bytes(3000));
  setTimes(dir);
  const store = new LocalStore(dir.path("store"), { create: true });
  for (const version of VERSIONS) {
    const { index } = await makeFromTree(dir.path(version), { sizes: SIZES, store });
    dir.write(`${version}.caidx`, serializeIndex(index));
  }
}

/** The same times for all that the archives have of both. */
function setTimes(dir: TempDir): void {
  for (const version of VERSIONS) {
    const tree = dir.path(version);
    for (const name of filesIn(tree)) Deno.utimeSync(`${tree}/${name}`, 1_700_000_000, 1_700_000_000);
    for (let i = 0; i < DIRECTORIES; i++) Deno.utimeSync(`${tree}/dir-${i}`, 1_700_000_000, 1_700_000_000);
    Deno.utimeSync(tree, 1_700_000_000, 1_700_000_000);
  }
}

/** Made once for all tests, which get copies. */
let made: TempDir;
Deno.test.beforeAll(async () => {
  made = tempDir();
  await makeVersions(made);
});
Deno.test.afterAll(() => made[Symbol.dispose]());

function twoVersions(dir: TempDir): void {
  for (const name of filesIn(made.root)) Deno.copyFileSync(made.path(name), dir.path(name));
  setTimes(dir);
}

async function serve(dir: TempDir): Promise<FaultyServer> {
  return await startFaultyServer({}, ({ path }) => {
    const file = dir.path("store") + path;
    return exists(file) ? { body: Deno.readFileSync(file) } : { status: 404 };
  });
}

/** The requests since the last time. */
function requestsTo(server: FaultyServer): string[] {
  return server.requests.splice(0).map(({ path }) => path);
}

Deno.test("untar over an older version fetches what is new, and nothing when nothing has changed", async () => {
  using dir = tempDir();
  twoVersions(dir);
  await using server = await serve(dir);
  const target = dir.path("target");
  const update = async (...words: string[]) => {
    const { code, stderr } = await runCli([...untar, "-s", server.url, ...words]);
    return { code, stderr, requests: requestsTo(server).length };
  };
  const all = (await update(dir.path("v1.caidx"), target)).requests;
  ok(all > 100, `${all} chunks`);
  if (unix) {
    const again = await update("-k", "--delete", dir.path("v1.caidx"), target);
    deepStrictEqual(again, { code: 0, stderr: "", requests: 0 });
  }
  const { code, stderr, requests } = await update("-k", "--delete", dir.path("v2.caidx"), target);
  deepStrictEqual(
    [code, stderr],
    [0, `${target}: removed what the archive does not have: 1 entry\n`],
  );
  ok(requests > 0 && requests < 30, `${requests} of ${all} chunks`);
  deepStrictEqual(contentOf(target), contentOf(dir.path("v2")));
  // As seeds of a directory of their own, with indexes and without; the first seed alone has all.
  for (const seed of ["v2", "v2.caidx:v2"].map((name) => name.replaceAll("v2", dir.path("v2")))) {
    const from = dir.path(`from-${seed.length}`);
    deepStrictEqual(await update("--seed", seed, dir.path("v2.caidx"), from), {
      code: 0,
      stderr: "",
      requests: 0,
    });
    deepStrictEqual(contentOf(from), contentOf(dir.path("v2")));
  }
  const both = await update("--seed", `${dir.path("v1")},${target}`, dir.path("v2.caidx"), dir.path("both"));
  deepStrictEqual(both, { code: 0, stderr: "", requests: 0 });
  const without = await runCli([...untar, "--seed", target, dir.path("v2.caidx"), dir.path("without")]);
  deepStrictEqual([without.code, without.stderr], [0, ""]);
  const lacking = await runCli([
    ...untar,
    "--seed",
    dir.path("v1"),
    dir.path("v2.caidx"),
    dir.path("lacking"),
  ]);
  assertFails(lacking, 1, "not found (no store was given)");
});

Deno.test("seeds with an index that is not theirs, or was cut otherwise, are looked through themselves", async () => {
  using dir = tempDir();
  twoVersions(dir);
  const target = dir.path("target");
  const args = [...untar, dir.path("v2.caidx"), target, "--seed"];
  const other = await runCli([...args, `${dir.path("v1.caidx")}:${dir.path("v2")}`]);
  deepStrictEqual([other.code, other.stderr], [
    0,
    `desync: Cannot use ${dir.path("v2")}: it is not what its index describes (continuing without the index ${
      dir.path("v1.caidx")
    })\n`,
  ]);
  const tarArgs = [
    "tar",
    "-i",
    "-m",
    "2:8:32",
    "-s",
    dir.path("other"),
    dir.path("cut.caidx"),
    dir.path("v2"),
  ];
  strictEqual((await runCli(tarArgs)).code, 0);
  const cut = await runCli([...args, `${dir.path("cut.caidx")}:${dir.path("v2")}`]);
  strictEqual(cut.code, 0);
  match(
    cut.stderr,
    /^desync: the index \S+cut.caidx of the seed \S+v2 was made with other sizes or features/,
  );
  deepStrictEqual(contentOf(target), contentOf(dir.path("v2")));
});

Deno.test("a cache gets what is fetched, not what seeds have", async () => {
  using dir = tempDir();
  twoVersions(dir);
  const cache = dir.path("cache");
  const seed = ["--seed", dir.path("v1"), "-c", cache];
  const { code, stderr } = await runCli([
    ...untar,
    "-s",
    dir.path("store"),
    ...seed,
    dir.path("v2.caidx"),
    dir.path("t"),
  ]);
  deepStrictEqual([code, stderr], [0, ""]);
  const fetched = filesIn(cache).length;
  ok(fetched > 0 && fetched < 30, String(fetched));
});

inTurn()({
  name: "what a user may not read of a seed is reported, and fetched",
  ignore: !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    twoVersions(dir);
    Deno.chmodSync(dir.path("v1/large"), 0);
    Deno.chmodSync(dir.path("v1/dir-2"), 0);
    const target = dir.path("target");
    const args = ["--seed", dir.path("v1"), "-s", dir.path("store"), dir.path("v2.caidx"), target];
    const { code, stderr } = await runCliUnprivileged([...untar, ...args]);
    Deno.chmodSync(dir.path("v1/dir-2"), 0o700);
    deepStrictEqual([code, stderr], [
      0,
      `desync: the seed ${dir.path("v1")} is used without what cannot be read: Cannot read ${
        dir.path("v1/dir-2")
      }: permission denied, and 1 more\n`,
    ]);
    deepStrictEqual(contentOf(target), contentOf(dir.path("v2")));
  },
});

inTurn()({
  name: "a user who unpacks what belongs to others fetches nothing again either",
  ignore: !canBeUser || Deno.uid() !== 0,
  fn: async () => {
    using dir = tempDir();
    twoVersions(dir);
    Deno.chmodSync(dir.root, 0o755);
    for (const name of filesIn(dir.path("v1"))) Deno.chownSync(dir.path("v1", name), 4711, 4712);
    for (let i = 0; i < DIRECTORIES; i++) Deno.chownSync(dir.path(`v1/dir-${i}`), 4711, 4712);
    Deno.chownSync(dir.path("v1"), 4711, 4712);
    const { index } = await makeFromTree(dir.path("v1"), {
      sizes: SIZES,
      store: new LocalStore(dir.path("store")),
    });
    const archive = dir.write("v1.caidx", serializeIndex(index));
    await using server = await serve(dir);
    const update = [
      "untar",
      "-i",
      "--no-sync",
      "-k",
      "--no-same-owner",
      "-s",
      server.url,
      archive,
      dir.path("t"),
    ];
    for (const most of [Infinity, 1]) {
      const { code, stderr } = await runCliAsUser(update);
      deepStrictEqual([code, stderr], [0, ""]);
      // The first chunk says whose the archive is.
      const requests = requestsTo(server).length;
      ok(requests <= most, `${requests} requests`);
    }
    deepStrictEqual(contentOf(dir.path("t")), contentOf(dir.path("v1")));
  },
});

inTurn()({
  name: "an update that is killed at any time is completed by the next, which fetches little again",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    twoVersions(dir);
    await using server = await serve(dir);
    const target = dir.path("target");
    const args = [...untar, "-k", "--delete", "-s", server.url, dir.path("v2.caidx"), target];
    strictEqual((await runCli([...untar, "-s", dir.path("store"), dir.path("v1.caidx"), target])).code, 0);
    const [program, ...before] = cliCommand;
    for (let kill = 1; kill <= 2; kill++) {
      const child = new Deno.Command(program, { args: [...before, ...args], stderr: "null" }).spawn();
      const wanted = server.requests.length + 5 * kill;
      // A run that has less left to fetch ends before.
      let ended = false;
      const status = child.status.then(() => ended = true);
      while (!ended && server.requests.length < wanted) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (!ended) child.kill("SIGKILL");
      await status;
      // Whole files of either version, and what was being written.
      const names = new Set([...filesIn(dir.path("v1")), ...filesIn(dir.path("v2"))]);
      for (const [name, bytes] of Object.entries(contentOf(target))) {
        if (name.includes(".tmp-untar-")) continue;
        ok(names.has(name), name);
        const same = ["v1", "v2"].some((version) => {
          const path = dir.path(version, name);
          return exists(path) && Deno.readFileSync(path).every((byte, i) => byte === bytes[i]);
        });
        ok(same, name);
      }
    }
    const { code } = await runCli(args);
    strictEqual(code, 0);
    const now = contentOf(target);
    for (const name of Object.keys(now)) if (name.includes(".tmp-untar-")) delete now[name];
    deepStrictEqual(now, contentOf(dir.path("v2")));
  },
});

Deno.test("what cannot be meant is refused before anything is written", async () => {
  using dir = tempDir();
  twoVersions(dir);
  const target = dir.path("target");
  const catar = dir.path("v1.catar");
  strictEqual((await runCli(["tar", catar, dir.path("v1")])).code, 0);
  const wrong: [args: string[], message: string][] = [
    [
      ["--seed", dir.path("v1"), catar, target],
      "Cannot use --seed: only the chunks of an index can be taken from seeds",
    ],
    [
      ["-i", "--seed", dir.path("v3"), dir.path("v1.caidx"), target],
      `Cannot use the seed ${dir.path("v3")}: it is not a directory`,
    ],
    [
      ["-i", "--seed", catar, dir.path("v1.caidx"), target],
      `Cannot use the seed ${catar}: it is not a directory`,
    ],
    [
      ["--delete", "--output-format", "gnu-tar", catar, target],
      "Cannot use --delete: it is for unpacking to disk",
    ],
    [
      ["-k", "--output-format", "gnu-tar", catar, target],
      "Cannot use --in-place: it is for unpacking to disk",
    ],
  ];
  for (const [args, message] of wrong) assertFails(await runCli(["untar", ...args]), 2, message);
  ok(!exists(target));
  const noIndex = ["--seed", `${dir.path("nothing.caidx")}:${dir.path("v1")}`, dir.path("v1.caidx"), target];
  assertFails(
    await runCli(["untar", "-i", ...noIndex]),
    1,
    `Cannot read the index ${dir.path("nothing.caidx")}`,
  );
});

inTurn()({
  name: "casync fetches the same chunks with the same seed",
  ignore: !peers.casync || !unix,
  fn: async () => {
    using dir = tempDir();
    twoVersions(dir);
    await using server = await serve(dir);
    const words = [
      ...untar,
      "--seed",
      dir.path("v1"),
      "-s",
      server.url,
      dir.path("v2.caidx"),
      dir.path("ours"),
    ];
    deepStrictEqual((await runCli(words)).stderr, "");
    const ours = requestsTo(server);
    const { success } = await new Deno.Command(peers.casync!, {
      args: [
        "extract",
        `--store=${server.url}`,
        `--seed=${dir.path("v1")}`,
        dir.path("v2.caidx"),
        dir.path("theirs"),
      ],
      stderr: "null",
    }).output();
    ok(success);
    deepStrictEqual(new Set(ours), new Set(requestsTo(server)));
    strictEqual(new Set(ours).size, ours.length, "no chunk twice");
    deepStrictEqual(contentOf(dir.path("ours")), contentOf(dir.path("theirs")));
  },
});

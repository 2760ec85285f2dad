/** A store that is removed, replaced or unmounted while a command fills it is never taken for one that is complete. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { filesIn } from "../../support/files.ts";
import { joined } from "../../support/data/joined.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { peers } from "../../support/peers.ts";
import { run, type RunResult } from "../../support/process.ts";
import { Random, random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";
import { amount, pairs, share } from "../../support/thorough.ts";

// Windows removes no directory that is in use.
const ignore = Deno.build.os === "windows";

const OLD = "the old content";

/** What becomes of the store; the directory `other` is on the same file system. */
const vanishings: [name: string, vanish: (store: string, other: string) => void][] = [
  ["is removed", remove],
  ["is moved away", (store, other) => Deno.renameSync(store, other)],
  ["is replaced by an empty directory", (store) => {
    remove(store);
    Deno.mkdirSync(store);
  }],
];

/** At once: what is still written into a directory while it is emptied keeps it from being removed. */
function remove(store: string): void {
  Deno.renameSync(store, `${store}-removed`);
  Deno.removeSync(`${store}-removed`, { recursive: true });
}

/** Runs the command with `first` on its standard input, `meanwhile` as soon as the store has a chunk, and `rest`. */
async function fedInTwo(
  args: string[],
  store: string,
  [first, rest]: Uint8Array[],
  meanwhile: () => void | Promise<void>,
): Promise<RunResult> {
  const [program, ...before] = cliCommand;
  const child = new Deno.Command(program, {
    args: [...before, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(first);
  await untilQuiet(store);
  await meanwhile();
  await input.write(rest).catch(() => {}); // it may have noticed
  await input.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stdoutBytes: stdout, stderr: text(stderr) };
}

/** Many small chunks at the highest level take a while. */
const SLOWLY = ["-m", "1:4:16", "--compression-level", "22"];

function slowText(): Uint8Array {
  const text = new TextEncoder().encode(new Random(4).bytes(amount(250_000, 750_000)).toBase64());
  return joined([text, text.map((byte) => byte ^ 1), text.map((byte) => byte ^ 2)]);
}

async function untilFilled(store: string): Promise<void> {
  while (!exists(store) || filesIn(store).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Until nothing more is added for a while: the command waits for input. */
async function untilQuiet(store: string): Promise<void> {
  await untilFilled(store);
  for (let before = 0, now = filesIn(store).length; now !== before; now = filesIn(store).length) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

for (const [[name, vanish], more] of pairs(vanishings, [1_000_000, 0])) {
  Deno.test({
    name: `make: a store that ${name} before ${more} more bytes come is an error, and the old index stays`,
    ignore,
    fn: async () => {
      using dir = tempDir();
      const index = dir.write("out/x.caibx", OLD);
      const store = dir.path("store");
      const parts = [random().bytes(amount(5_000_000, 8_000_000)), new Random(1).bytes(more)];
      const result = await fedInTwo(["make", "-s", store, index, "-"], store, parts, () => {
        vanish(store, dir.path("moved"));
      });
      assertFails(result, 1, store, "removed, replaced or unmounted");
      strictEqual(Deno.readTextFileSync(index), OLD);
      deepStrictEqual(filesIn(dir.path("out")), ["x.caibx"]);
      if (exists(store)) deepStrictEqual([...Deno.readDirSync(store)], []);
    },
  });
}

for (const [name, vanish] of share(vanishings, 1, 1)) {
  Deno.test({
    name: `tar -i: a store that ${name} is an error, and there is no index`,
    ignore,
    fn: async () => {
      using dir = tempDir();
      const index = dir.path("x.caidx");
      const store = dir.path("store");
      const tree = dir.dir("tree");
      dir.write("tree/file", slowText());
      const packed = runCli(["tar", "-i", "-s", store, ...SLOWLY, index, tree]);
      await untilFilled(store);
      vanish(store, dir.path("moved"));
      const result = await packed;
      assertFails(result, 1, store, "removed, replaced or unmounted");
      ok(!exists(index));
    },
  });
}

for (const [name, vanish] of vanishings) {
  Deno.test({
    name: `cache: a store that ${name} is an error`,
    ignore,
    fn: async () => {
      using dir = tempDir();
      const made = makeBlob(dir, somePieces());
      const target = dir.path("target");
      await using server = await startFaultyServer({}, ({ path }) => {
        if (server.requests.length === 1) vanish(target, dir.path("moved"));
        return { body: Deno.readFileSync(join(made.store, path)) };
      });
      const result = await runCli(["cache", "-s", server.url, "-c", target, made.index]);
      assertFails(result, 1, target, "removed, replaced or unmounted");
    },
  });
}

Deno.test({
  name: "cache: a store that was replaced by a similar one is an error at the end",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const target = dir.path("target");
    await using server = await startFaultyServer({}, ({ path }) => {
      if (server.requests.length === 1) replaceWithPrefixes(target, made.ids);
      return { body: Deno.readFileSync(join(made.store, path)) };
    });
    const result = await runCli(["cache", "-s", server.url, "-c", target, made.index]);
    assertFails(result, 1, target, "removed, replaced or unmounted");
  },
});

for (const command of share(["make", "chop", "tar -i"] as const, 2)) {
  Deno.test({
    name: `${command}: a store that was replaced by a similar one is an error at the end`,
    ignore,
    fn: async () => {
      using dir = tempDir();
      const tree = dir.dir("tree");
      const file = dir.write("tree/file", slowText());
      const index = dir.path("index");
      const make = command === "tar -i"
        ? ["tar", "-i", ...SLOWLY.slice(0, 2), "-s", dir.path("first"), index, tree]
        : ["make", ...SLOWLY.slice(0, 2), index, file];
      deepStrictEqual((await runCli(make)).code, 0);
      const ids = (await runCli(["list-chunks", index])).stdout.trim().split("\n");
      const store = dir.dir("store");
      const args = {
        make: ["make", "-s", store, ...SLOWLY, dir.path("new"), file],
        chop: ["chop", "-s", store, ...SLOWLY.slice(2), index, file],
        "tar -i": ["tar", "-i", "-s", store, ...SLOWLY, dir.path("new"), tree],
      };
      const filled = runCli(args[command]);
      await untilFilled(store);
      replaceWithPrefixes(store, ids);
      assertFails(await filled, 1, store, "removed, replaced or unmounted");
      ok(!exists(dir.path("new")));
    },
  });
}

/** Another directory in the store's place, in which all that is written finds its place. */
function replaceWithPrefixes(store: string, ids: readonly string[]): void {
  const other = `${store}-other`;
  for (const id of ids) Deno.mkdirSync(join(other, id.slice(0, 4)), { recursive: true });
  Deno.renameSync(store, `${store}-moved`);
  Deno.renameSync(other, store);
}

Deno.test({
  name: "make: a disk that is unmounted below the store is an error, and nothing more is written under it",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const disk = dir.dir("disk");
    await mountTmpfs(disk, "64m");
    const index = dir.path("x.caibx");
    const parts = [random().bytes(amount(5_000_000, 8_000_000)), new Random(1).bytes(1_000_000)];
    const result = await fedInTwo(["make", "-s", disk, index, "-"], disk, parts, async () => {
      await run(peers.umount, ["-l", disk]);
    });
    assertFails(result, 1, disk, "removed, replaced or unmounted");
    ok(!exists(index));
    deepStrictEqual([...Deno.readDirSync(disk)], []);
  },
});

Deno.test("a store that vanished is not made again by adding a chunk to it", async () => {
  using dir = tempDir();
  const bytes = random().bytes(1000);
  const store = new LocalStore(dir.path("store"), { create: true });
  Deno.removeSync(dir.path("store"));
  await rejects(
    store.put(asVerified(sha512256(bytes), { form: "plain", bytes })),
    /removed, replaced or unmounted/,
  );
  ok(!exists(dir.path("store")));
});

Deno.test("make: a store behind a symlink, or filled by two processes, is not an error", async () => {
  using dir = tempDir();
  dir.dir("real");
  Deno.symlinkSync(dir.path("real"), dir.path("link"), { type: "dir" });
  const file = dir.write("file", random().bytes(1_000_000));
  const runs = ["link", "real", "link", "real"].map((name, i) =>
    runCli(["make", "-s", join(dir.root, name), dir.path(`${i}.caibx`), file])
  );
  for (const { code, stderr } of await Promise.all(runs)) deepStrictEqual([code, stderr], [0, ""]);
  strictEqual((await runCli(["verify", "-s", dir.path("real")])).code, 0);
});

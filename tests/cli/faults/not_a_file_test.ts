/** What is no file under a chunk's name, in a store that others may write to: a pipe that nobody writes, and its like. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { freePort } from "../../support/servers/ports.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { makeSocket } from "../../support/system/attributes.ts";
import { runCli } from "../../support/cli.ts";
import { denoDir } from "../../support/deno_dir.ts";
import { assertFails } from "../../support/failure.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const linux = Deno.build.os === "linux";
/** What waits for a pipe does so for ever. */
const timeout = 30_000;

/** A store whose first chunk is a named pipe. */
async function withPipe(dir: TempDir, name: string): Promise<Made> {
  const made = makeBlob(dir, somePieces(), { name });
  await makePipe(made.chunk(0));
  return made;
}

async function makePipe(path: string): Promise<void> {
  Deno.removeSync(path);
  await run("mkfifo", [path]);
}

Deno.test({
  name: "a pipe in the place of a chunk is an invalid chunk, which cache, chop and --cache-repair replace",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const bad = await withPipe(dir, "bad");
    const good = makeBlob(dir, somePieces(), { name: "good" });
    const [{ index, ids }, target] = [good, dir.path("target")];
    const cli = (...args: string[]) => runCli(args, { timeout });
    for (const [command, source, hint] of [["extract", "-s", "verify -r"], ["cat", "-c", "--cache-repair"]]) {
      assertFails(
        await cli(command, source, bad.store, index, target),
        1,
        ids[0],
        bad.store,
        "it is a named pipe",
        hint,
      );
    }
    for (
      const args of [
        ["extract", "--cache-repair", "-s", good.store, "-c", bad.store, index, target],
        ["cache", "-s", good.store, "-c", bad.store, index],
        ["chop", "-s", bad.store, index, dir.write("blob-file", good.bytes)],
      ]
    ) {
      const result = await cli(...args);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      ok(Deno.lstatSync(bad.chunk(0)).isFile, args[0]);
      await makePipe(bad.chunk(0));
    }
    sameBytes(Deno.readFileSync(target), good.bytes);
  },
});

Deno.test({
  name: "verify reports what is not a file under a chunk's name, and prune keeps it",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(3);
    const made = makeBlob(dir, Array.from({ length: 6 }, () => noise.bytes(100)));
    const { store, ids } = made;
    await makePipe(made.chunk(0));
    const links: [number, string][] = [[3, "/dev/zero"], [4, "nothing"]];
    for (const i of [1, 2, 3, 4]) Deno.removeSync(made.chunk(i));
    Deno.mkdirSync(made.chunk(1));
    makeSocket(made.chunk(2));
    for (const [i, target] of links) Deno.symlinkSync(target, made.chunk(i));
    const says = [
      "a named pipe, not a file",
      "a directory, not a file",
      "a socket, not a file",
      "a device, not a file",
    ]
      .map((words) => `it is ${words}`).concat("it is a symlink to nothing");
    const lines = (end: (i: number) => string) =>
      says.map((words, i) => `invalid chunk ${ids[i]}: ${words}${end(i)}\n`).sort().join("");
    const sorted = (text: string) => text.split(/(?<=\n)/).sort().join("");

    const empty = makeBlob(dir, [], { name: "empty" }).index;
    deepStrictEqual((await runCli(["prune", "-y", "-s", store, empty])).code, 0);
    const told = await runCli(["verify", "-s", store], { timeout });
    deepStrictEqual(
      [told.code, sorted(told.stdout), told.stderr],
      [1, lines(() => ""), ""],
      "the file alone is pruned",
    );

    const other = dir.path("blob/0000");
    Deno.symlinkSync("somewhere", other);
    const repaired = await runCli(["verify", "-r", "-s", store], { timeout });
    const removed = (i: number) => i === 1 ? "; it could not be removed: it is a directory" : ": removed";
    deepStrictEqual([repaired.code, sorted(repaired.stdout)], [1, lines(removed)]);
    strictEqual(repaired.stderr, `desync: ${other} is not a directory: nothing was checked there\n`);
  },
});

Deno.test({
  name: "a store has no chunk where there is not a file",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const made = await withPipe(dir, "blob");
    const [id] = made.ids;
    const store = new LocalStore(made.store);
    const chunk = { form: "compressed", bytes: Deno.readFileSync(made.chunk(1)) } as const;
    for (const make of [() => {}, () => Deno.mkdirSync(made.chunk(0)), () => makeSocket(made.chunk(0))]) {
      make();
      deepStrictEqual([await store.has(id), await store.storedSize(id)], [false, null]);
      // Before any is opened: a pipe would have waited.
      await rejects(store.get(id), { code: "invalid-chunk" });
      await store.remove(id);
      strictEqual(await store.get(id), null);
    }
    await run("mkfifo", [made.chunk(0)]);
    await store.put(asVerified(id, chunk));
    sameBytes((await store.get(id))!.bytes, chunk.bytes);
  },
});

Deno.test({
  name: "using a chunk renews its time, unless it is a symlink: its target may be anyone's",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const store = new LocalStore(made.store);
    const victim = dir.path("victim");
    Deno.renameSync(made.chunk(0), victim);
    Deno.symlinkSync(victim, made.chunk(0));
    const longAgo = new Date(1e12);
    for (const path of [victim, made.chunk(1)]) Deno.utimeSync(path, longAgo, longAgo);
    for (const i of [0, 1]) await store.touch(made.ids[i]);
    deepStrictEqual(Deno.statSync(victim).mtime, longAgo);
    ok(Deno.statSync(made.chunk(1)).mtime! > longAgo);
  },
});

Deno.test({
  name: "nothing waits for a pipe in the place of known_hosts or a key",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const { index } = makeBlob(dir, somePieces());
    const home = dir.dir("home/.ssh");
    for (const name of ["known_hosts", "id_rsa"]) await run("mkfifo", [`${home}/${name}`]);
    const store = `ssh://user@127.0.0.1:${freePort()}/store`;
    const args = ["extract", "--ssh-builtin", "-e", "1", "-s", store, index, dir.path("out")];
    const env = { HOME: dir.path("home"), DENO_DIR: denoDir, SSH_AUTH_SOCK: "" };
    assertFails(await runCli(args, { env, timeout }), 1, "ECONNREFUSED");
  },
});

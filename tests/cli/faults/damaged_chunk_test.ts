/** Chunks that arrive damaged from a store on another machine. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { encodeMessage, MessageDecoder, WANTS_CHUNKS } from "../../../src/formats/protocol.ts";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { filesIn } from "../../support/files.ts";
import { joined } from "../../support/data/joined.ts";
import { type Made, makeBlob, storePath } from "../../support/made.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { environmentFor, ignoreWithout, url } from "../../support/servers/ssh_subjects.ts";
import { startSshd } from "../../support/servers/sshd.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount, takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Quick about trying again. */
const QUICK = ["-b", "1ms"];

/** Reads the blob by one of the ways there are, and returns what came of it. */
type Way = (dir: TempDir, made: Made, args: string[]) => ReturnType<typeof runCli>;
const ways: Record<string, Way> = {
  extract: (dir, made, args) => runCli(["extract", ...args, made.index, dir.path("target")]),
  "extract -k": (dir, made, args) => runCli(["extract", "-k", ...args, made.index, dir.path("target")]),
  cat: (dir, made, args) => runCli(["cat", ...args, made.index, dir.path("target")]),
};

function flipped(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = Uint8Array.from(bytes);
  changed[changed.length >>> 1] ^= 1;
  return changed;
}

/** What may arrive in place of a chunk's file. */
const damages: [name: string, answer: (file: Uint8Array) => Answer][] = [
  ["a flipped bit", (file) => ({ body: flipped(file) })],
  [
    "a body that is cut, of no announced length",
    (file) => ({ body: file.subarray(0, 999), length: "close" }),
  ],
  ["an empty body", () => ({ body: "" })],
  ["a page of a proxy", () => ({ body: "<html>Please log in</html>" })],
  ["more than any chunk of the index can have", () => ({ body: new Uint8Array(1_000_000) })],
];

/** A blob, and the paths of its chunks at a server. */
function someBlob(dir: TempDir) {
  const generator = random();
  const made = makeBlob(dir, Array.from({ length: 12 }, () => generator.bytes(3000)));
  const path = (piece: number) => `/${storePath(made.ids[piece], "zstd")}`;
  const file = (piece: number) => Deno.readFileSync(made.chunk(piece));
  return { made, path, file };
}

/** A server of the blob that answers differently for some of its chunks. */
function serve(made: Made, script: Record<string, Answer | Answer[]>): Promise<FaultyServer> {
  return startFaultyServer(script, ({ path }) => ({ body: Deno.readFileSync(made.store + path) }));
}

for (const [way, read] of Object.entries(ways)) {
  Deno.test(`${way}: a chunk that arrives damaged is requested again`, async () => {
    using dir = tempDir();
    const { made, path, file } = someBlob(dir);
    const script: Record<string, Answer[]> = {};
    for (const [i, [, answer]] of damages.entries()) script[path(i)] = [answer(file(i)), { body: file(i) }];
    await using server = await serve(made, script);
    const result = await read(dir, made, [...QUICK, "-s", server.url, "-c", dir.path("cache")]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
    for (const i of damages.keys()) strictEqual(server.count(path(i)), 2);
    strictEqual(server.requests.length, 12 + damages.length);
    deepStrictEqual(filesIn(dir.path("cache")), filesIn(made.store));
    strictEqual((await runCli(["verify", "-s", dir.path("cache")])).code, 0);
  });

  Deno.test(`${way}: a chunk that stays damaged is requested from the next store`, async () => {
    using dir = tempDir();
    const { made, path, file } = someBlob(dir);
    await using server = await serve(made, { [path(3)]: { body: flipped(file(3)) } });
    await using next = await serve(made, {});
    for (const other of [next.url, made.store]) {
      if (exists(dir.path("target"))) Deno.removeSync(dir.path("target"));
      const result = await read(dir, made, [...QUICK, "-s", server.url, "-s", other]);
      deepStrictEqual([result.code, result.stderr], [0, ""]);
      sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
    }
    deepStrictEqual(next.requests.map((request) => request.path), [path(3)]);
  });

  Deno.test(`${way}: it is retried as other failures are, then the error names the store that served it`, async () => {
    using dir = tempDir();
    const { made, path, file } = someBlob(dir);
    await using server = await serve(made, { [path(3)]: { body: flipped(file(3)) } });
    await using busy = await serve(made, { [path(3)]: { status: 500 } });
    const innocent = dir.dir("innocent");
    const run = (url: string, ...args: string[]) =>
      read(dir, made, [...QUICK, ...args, "-s", innocent, "-s", url]);
    for (const tries of ["1", "2", "4"]) {
      const before = [server.count(path(3)), busy.count(path(3))];
      assertFails(await run(busy.url, "-e", tries), 1, busy.url);
      const failed = await run(server.url, "-e", tries);
      assertFails(failed, 1, made.ids[3], server.url, "digest");
      ok(!failed.stderr.includes("verify"), failed.stderr);
      ok(!failed.stderr.includes(innocent), failed.stderr);
      strictEqual(server.count(path(3)) - before[0], busy.count(path(3)) - before[1], tries);
    }
  });

  Deno.test(`${way}: every store that delivers it damaged is named`, async () => {
    using dir = tempDir();
    const { made, path, file } = someBlob(dir);
    await using one = await serve(made, { [path(3)]: { body: flipped(file(3)) } });
    await using two = await serve(made, { [path(3)]: { body: "nothing" } });
    const result = await read(dir, made, [...QUICK, "-s", one.url, "-s", two.url]);
    assertFails(result, 1, made.ids[3], one.url, two.url);
  });

  Deno.test(`${way}: damage in a directory of this machine is an error, also before other stores`, async () => {
    using dir = tempDir();
    const { made, file } = someBlob(dir);
    await using server = await serve(made, {});
    const bad = dir.path("bad");
    dir.write(`bad/${storePath(made.ids[3], "zstd")}`, flipped(file(3)));
    const result = await read(dir, made, [...QUICK, "-s", bad, "-s", server.url]);
    assertFails(result, 1, made.ids[3], bad, "verify -r");
  });
}

Deno.test("cache requests again what arrives damaged, and never stores it", async () => {
  using dir = tempDir();
  const { made, path, file } = someBlob(dir);
  await using server = await serve(made, { [path(0)]: [{ body: flipped(file(0)) }, { body: file(0) }] });
  const target = dir.path("target");
  const result = await runCli(["cache", ...QUICK, "-s", server.url, "-c", target, made.index]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  deepStrictEqual(filesIn(target), filesIn(made.store));
  strictEqual((await runCli(["verify", "-s", target])).code, 0);
});

Deno.test("a large blob, which threads read, is right although each of its chunks arrives damaged first", async () => {
  using dir = tempDir();
  const generator = random();
  const made = makeBlob(dir, Array.from({ length: amount(150, 600) }, () => generator.bytes(65_536)));
  const seen = new Set<string>();
  await using server = await startFaultyServer({}, ({ path }) => {
    const file = Deno.readFileSync(made.store + path);
    if (seen.has(path)) return { body: file };
    seen.add(path);
    return { body: flipped(file) };
  });
  const result = await runCli(["cat", ...QUICK, "-s", server.url, made.index, dir.path("target")]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
  strictEqual(server.requests.length, 2 * made.ids.length);
});

Deno.test("chunks whose ids are of another digest are not requested again: no copy can be right", async () => {
  using dir = tempDir();
  const generator = random();
  const made = makeBlob(dir, [generator.bytes(2000)], {
    digest: "sha256",
    index: { flags: 0xb000000000000000n },
  });
  await using server = await serve(made, {});
  for (const read of Object.values(ways)) {
    const before = server.requests.length;
    const result = await read(dir, made, [...QUICK, "-s", server.url]);
    assertFails(result, 1, made.ids[0], server.url, "sha256");
    match(result.stderr, /is the digest right/);
    strictEqual(server.requests.length - before, 1);
  }
});

inTurn()({
  name: "over ssh the next store is searched as well, and the error names the one that served it",
  ignore: ignoreWithout("desync"),
  fn: async () => {
    using dir = tempDir();
    const { made, file } = someBlob(dir);
    const bad = dir.dir("bad");
    for (const piece of made.ids.keys()) {
      dir.write(`bad/${storePath(made.ids[piece], "zstd")}`, piece === 3 ? flipped(file(3)) : file(piece));
    }
    await using server = await startSshd();
    const env = environmentFor(server, "desync");
    const target = dir.path("target");
    for (const command of ["extract", "cat"]) {
      const args = [command, ...QUICK, "-s", url(server, bad)];
      const alone = await runCli([...args, made.index, target], { env });
      assertFails(alone, 1, made.ids[3], `127.0.0.1:${server.port}${bad}`, "digest");
      ok(!alone.stderr.includes("verify"), alone.stderr);
      const both = await runCli([...args, "-s", url(server, made.store), made.index, target], { env });
      deepStrictEqual([both.code, both.stderr], [0, ""]);
      sameBytes(Deno.readFileSync(target), made.bytes);
      Deno.removeSync(target);
    }
  },
});

Deno.test("pull requests damaged chunks again", async () => {
  using dir = tempDir();
  const { made, path, file } = someBlob(dir);
  await using server = await serve(made, { [path(3)]: [{ body: flipped(file(3)) }, { body: file(3) }] });
  const stdin = joined([
    encodeMessage({ type: "hello", flags: WANTS_CHUNKS }),
    encodeMessage({ type: "request", highPriority: false, ids: [made.ids[3]] }),
    encodeMessage({ type: "goodbye" }),
  ]);
  const result = await runCli(["pull", "--allow-url", ...QUICK, "-", "-", "-", server.url], { stdin });
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const decoder = new MessageDecoder();
  decoder.push(result.stdoutBytes);
  strictEqual(decoder.next()?.type, "hello");
  deepStrictEqual(decoder.next(), { type: "chunk", id: made.ids[3], compressed: true, bytes: file(3) });
});

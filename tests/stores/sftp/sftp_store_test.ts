/** The conformance suite over OpenSSH's SFTP server, and what a store there shares with others. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { compressChunk, hashChunk } from "../../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { pruneStore } from "../../../src/jobs/prune.ts";
import { SftpIndexStore } from "../../../src/stores/sftp/sftp_indexes.ts";
import { SftpStore, type SftpStoreOptions } from "../../../src/stores/sftp/sftp_store.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { storePath } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { Random, random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";
import { DesyncError } from "../../../src/core/errors.ts";
import { Limiter } from "../../../src/stores/wrappers/limiter.ts";
import { limitStore } from "../../../src/stores/wrappers/limit_store.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { sessionsOver, sftpSessions, startSftpServer } from "../../support/servers/sftp_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { type Held, MANAGED, type Subject, testStore } from "../conformance.ts";

const ignore = !peers["sftp-server"];
const DAY_MS = 24 * 60 * 60 * 1000;

/** A directory, and stores in it. */
function openIn(dir: TempDir, path = "", options: SftpStoreOptions = {}, ...server: readonly string[]) {
  const sessions = sftpSessions(...server);
  const place = { redacted: `sftp://host${dir.root}/${path}`, path: `${dir.root}/${path}`, sessions };
  return {
    place,
    store: new SftpStore(place, options),
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  };
}

/** What a server has that knows no extension. */
const PLAIN = ["-P", "posix-rename,limits"];

function openSftp(...server: readonly string[]): (chunks: readonly Held[]) => Promise<Subject> {
  return (chunks) => {
    const dir = tempDir();
    for (const { id, form, bytes } of chunks) dir.write(storePath(id, form), bytes);
    const opened = openIn(dir, "", {}, ...server);
    const end = async () => {
      await opened[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    };
    return Promise.resolve({ store: opened.store, [Symbol.asyncDispose]: end });
  };
}

const can = [...MANAGED, "removeStale"] as const;
testStore("store over SFTP", can, openSftp(), { ignore, bare: true });
testStore("store over SFTP without extensions", can, openSftp(...PLAIN), { ignore, bare: true });

const made = (seed: number, length = 100) =>
  hashChunk(nativeCodec, "sha512-256", new Random(seed).bytes(length));

Deno.test({
  name: "a store over SFTP has casync's layout and modes, and makes its directory when it may",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const chunk = compressChunk(nativeCodec, made(1));
    await using missing = openIn(dir, "a/b");
    await rejects(missing.store.get(chunk.id), { code: "missing-file" });
    await rejects(missing.store.put(chunk), { code: "missing-file" });
    await rejects(Array.fromAsync(missing.store.list()), { code: "missing-file" });
    deepStrictEqual(filesIn(dir.root), []);
    await using opened = openIn(dir, "a/b", { create: true });
    await opened.store.put(chunk);
    // The same directory is made once.
    await Promise.all([opened.store.put(chunk), opened.store.put(made(1))]);
    const path = `a/b/${chunk.id.slice(0, 4)}/${chunk.id}`;
    deepStrictEqual(filesIn(dir.root).sort(), [path, `${path}.cacnk`]);
    strictEqual(Deno.statSync(dir.path(path)).mode! & 0o777, 0o644);
    strictEqual(Deno.statSync(dir.path("a")).mode! & 0o777, 0o755);
    // Another program removes what is empty.
    Deno.removeSync(dir.path(`a/b/${chunk.id.slice(0, 4)}`), { recursive: true });
    await opened.store.put(chunk);
    strictEqual(await opened.store.has(chunk.id), true);
  },
});

for (const [name, server] of [["OpenSSH's sizes", []], ["the least sizes", PLAIN]] as const) {
  Deno.test({
    name: `chunks of many parts are whole, several at a time: ${name}`,
    ignore,
    fn: async () => {
      using dir = tempDir();
      await using opened = openIn(dir, "", {}, ...server);
      const generator = random();
      const lengths = [0, 1, 32767, 32768, 32769, 261119, 261120, 261121, 5_000_000 + generator.below(1000)];
      const chunks = lengths.map((length) => hashChunk(nativeCodec, "sha512-256", generator.bytes(length)));
      await Promise.all(chunks.map((chunk) => opened.store.put(chunk)));
      const given = await Promise.all(chunks.map(({ id }) => opened.store.get(id)));
      for (const [i, { bytes }] of chunks.entries()) sameBytes(given[i]!.bytes, bytes);
      const small = openIn(dir, "", { maxChunkSize: 100_000 }, ...server);
      await rejects(small.store.get(chunks.at(-1)!.id), { code: "invalid-chunk", message: /limit of/ });
      await small[Symbol.asyncDispose]();
    },
  });
}

Deno.test({
  name: "prune over SFTP removes chunks and stale temporary files, its own and desync's, and nothing else",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const { id, bytes } = made(1);
    const prefix = id.slice(0, 4);
    const kept = [
      "readme",
      "x.caibx",
      `${prefix}/readme`,
      `${prefix}/${id}.cacnk.bak`,
      `${prefix}/${id}.cacnk12x`,
      `${prefix}/${"ab".repeat(32)}.cacnk`,
      `${prefix}/.tmp-other`,
      `${prefix}/.tmp-cacnk-new`,
      `abc/${id}`,
      ".tmp-cacnk-above",
    ];
    const encrypted = `${prefix}/${id}.cacnk.xchacha20-poly1305-01234567`;
    kept.push(encrypted, `${prefix}/${id}.cacnk.aes-256-gcm-89abcdef`);
    const stale = [
      `${prefix}/.tmp-cacnk123`,
      `${prefix}/${id}.cacnk8674665223082153551`,
      `${encrypted}86746652230`,
    ];
    for (const name of [...kept, ...stale]) dir.write(name, "four");
    const old = new Date(Date.now() - DAY_MS - 5000);
    for (const name of [...kept, ...stale].filter((name) => !name.endsWith("new"))) {
      Deno.utimeSync(dir.path(name), old, old);
    }
    dir.write(`${prefix}/${id}`, bytes);
    await using opened = openIn(dir);
    const dry = await pruneStore(opened.store, new Set(), { dryRun: true });
    deepStrictEqual([dry.removed, await opened.store.removeStale({ dryRun: true })], [
      1,
      { files: 3, bytes: 12 },
    ]);
    deepStrictEqual(filesIn(dir.root).length, kept.length + 4);
    const early = await pruneStore(opened.store, new Set(), { startedAt: Date.now() - 5000 });
    deepStrictEqual([early.removed, early.recent], [0, 1]);
    const { removed } = await pruneStore(opened.store, new Set());
    strictEqual(removed, 1);
    await opened.store.removeStale();
    deepStrictEqual(filesIn(dir.root).sort(), kept.sort());
  },
});

Deno.test({
  name: "a server that only reads gives one clear error for each write, and leaves nothing",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const chunk = made(2);
    dir.write(storePath(chunk.id, "plain"), chunk.bytes);
    await using opened = openIn(dir, "", {}, "-R");
    const { store, place } = opened;
    sameBytes((await store.get(chunk.id))!.bytes, chunk.bytes);
    deepStrictEqual((await Array.fromAsync(store.list())).flat().map(({ id }) => id), [chunk.id]);
    const message = `Cannot write chunk ${chunk.id} to ${place.redacted}: permission denied`;
    await rejects(store.put(chunk), { code: "store", message });
    await rejects(store.remove(chunk.id), { code: "store", message: /permission denied/ });
    const index = parseIndex(Deno.readFileSync(testdata("casync-small.caibx")));
    const write = new SftpIndexStore(place).write("x.caibx", index);
    await rejects(write, { message: `Cannot write ${place.redacted}x.caibx: permission denied` });
    strictEqual(filesIn(dir.root).length, 1);
  },
});

Deno.test({
  name: "an index over SFTP is read, replaced, and written whole or not at all",
  ignore,
  fn: async () => {
    using dir = tempDir();
    for (const server of [[], PLAIN]) {
      await using opened = openIn(dir, "", {}, ...server);
      const indexes = new SftpIndexStore(opened.place);
      const bytes = Deno.readFileSync(testdata("casync-blob.caibx"));
      dir.write("with space.caibx", "old");
      const uuid = crypto.randomUUID();
      Deno.utimeSync(dir.write(`.tmp-desync-${uuid}`, "stale"), 1, 1);
      const others = [`.tmp-desync-${crypto.randomUUID()}`, ".tmp-desync-other"].map((name) =>
        dir.write(name, "kept")
      );
      Deno.utimeSync(others[1], 1, 1);
      await indexes.check("with%20space.caibx");
      await indexes.write("with%20space.caibx", parseIndex(bytes));
      sameBytes(Deno.readFileSync(dir.path("with space.caibx")), bytes);
      strictEqual((await indexes.read("with%20space.caibx")).size, parseIndex(bytes).size);
      strictEqual(
        Object.keys(contentOf(dir.root)).length,
        3,
        "an index, and what is not stale or not an index's",
      );
      for (const path of others) Deno.removeSync(path);
      await rejects(indexes.read("none.caibx"), { code: "missing-file" });
      await rejects(indexes.check(""), { code: "usage" });
      dir.write("text", "no index");
      await rejects(indexes.read("text"), { code: "invalid-index" });
      Deno.removeSync(dir.path("text"));
    }
  },
});

Deno.test({
  name:
    "a server that is killed while chunks are sent leaves only whole ones; the rest follow by another session",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const killers: (() => void)[] = [];
    const sessions = sessionsOver(() => startSftpServer([], (kill) => killers.push(kill)));
    await using _ = sessions;
    const place = { redacted: "sftp://host/store", path: dir.root, sessions };
    const store = new SftpStore(place);
    const some = limitStore(store, new Limiter({ start: 8, max: 8 }));
    const generator = random();
    const chunks = Array.from(
      { length: 60 },
      () => hashChunk(nativeCodec, "sha512-256", generator.bytes(50_000 + generator.below(50_000))),
    );
    let stored = 0;
    const first = await Promise.allSettled(chunks.map(async (chunk) => {
      await some.put(chunk);
      if (++stored === 10) killers[0]();
    }));
    ok(first.some(({ status }) => status === "rejected"), "it was killed too late");
    for (const name of filesIn(dir.root).filter((name) => !name.includes("/.tmp-cacnk"))) {
      strictEqual(sha512256(Deno.readFileSync(dir.path(name))), name.slice(5));
    }
    for (const result of first) {
      if (result.status === "rejected") {
        ok(result.reason instanceof DesyncError && result.reason.retriable, String(result.reason));
      }
    }
    const retried = retryStore(store, { retries: 1, baseIntervalMs: 1 });
    await Promise.all(chunks.map((chunk) => retried.put(chunk)));
    for (const { id, bytes } of chunks) sameBytes((await store.get(id))!.bytes, bytes);
    strictEqual(killers.length, 2);
  },
});

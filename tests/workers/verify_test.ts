import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import type { ChunkKey } from "../../src/core/chunk_key.ts";
import { ChunkDirectory } from "../../src/deno/store/chunk_directory.ts";
import { chunkCipher } from "../../src/deno/codec/native_cipher.ts";
import type { VerifyResult } from "../../src/transfer/messages.ts";
import { verifyDirectories } from "../../src/workers/verify.ts";
import { exists } from "../support/exists.ts";
import { makeBlob, somePieces, stored } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { chunkPath, sha256, sha512256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

Deno.test("a chunk that another program removes meanwhile is not counted", () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const ids = [...new Set(made.ids)];
  const gone = made.chunk(0);
  const prefixes = [...new Set(ids.map((id) => id.slice(0, 4)))];
  const task = {
    kind: "verify",
    directory: made.store,
    prefixes,
    digest: "sha512-256",
    remove: false,
  } as const;
  const chunks = new ChunkDirectory(task);
  const before = verifyDirectories(task, chunks);
  strictEqual(before.chunks, ids.length);
  const { size } = Deno.statSync(gone);
  // Between the look at the directory and the one at the chunk.
  const { readDirSync } = Deno;
  Deno.readDirSync = (path) => {
    const entries = [...readDirSync(path)];
    if (exists(gone)) Deno.removeSync(gone);
    return entries.values();
  };
  try {
    const after = verifyDirectories(task, chunks);
    deepStrictEqual(after, { ...before, chunks: ids.length - 1, storedBytes: before.storedBytes - size });
  } finally {
    Deno.readDirSync = readDirSync;
  }
});

const random = new Random(77);
const cipher = chunkCipher("aes-256-gcm", random.bytes(32));

/** What lies under a chunk's name: every fourth chunk is wrong, each time in another way. */
const WRONGS: ((path: string, bytes: Uint8Array) => void)[] = [
  (path, bytes) => Deno.writeFileSync(path, bytes.slice(0, -1)),
  (path, bytes) => Deno.writeFileSync(path, bytes.with(bytes.length >> 1, bytes[bytes.length >> 1] ^ 1)),
  (path) => Deno.writeFileSync(path, new Uint8Array(0)),
  (path) => Deno.symlinkSync(`${path}.none`, path),
  (path) => Deno.mkdirSync(path),
  (path) => Deno.writeFileSync(path, new Uint8Array(300)),
];

/** A store of 100 chunks in both forms, some of them larger than what is hashed together. Returns its directories. */
function fillStore(dir: TempDir, name: string, encryption: ChunkKey | undefined): string[] {
  const store = dir.dir(name);
  const prefixes = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const bytes = random.bytes([20_000, 60_000, 0, 1000, i % 3 === 0 ? 1_200_000 : 30_000][i % 5] + i);
    bytes.fill(1, bytes.length >> 1);
    const id = i % 11 === 5 ? sha256(bytes) : sha512256(bytes);
    const form = i % 3 === 0 ? "plain" : i % 7 === 0 ? "gzip" : "zstd";
    prefixes.add(id.slice(0, 4));
    dir.dir(`${name}/${id.slice(0, 4)}`);
    const path = `${store}/${chunkPath(id, form === "plain" ? "" : ".cacnk")}${encryption?.suffix ?? ""}`;
    const packed = stored(bytes, form);
    const file = encryption === undefined ? packed : cipher.seal(packed);
    if (i % 4 === 2) WRONGS[(i >> 2) % WRONGS.length](path, file);
    else Deno.writeFileSync(path, file);
  }
  return [...prefixes].sort();
}

for (const [what, encryption] of [["a store", undefined], ["an encrypted store", cipher.key]] as const) {
  Deno.test(`chunks of ${what} that are hashed together are judged as one by one`, () => {
    using dir = tempDir();
    const prefixes = fillStore(dir, "store", encryption);
    const verify = (prefixes: readonly string[], remove: boolean): VerifyResult => {
      const directory = dir.path("store");
      const task = { kind: "verify", directory, encryption, prefixes, digest: "sha512-256", remove } as const;
      return verifyDirectories(task, new ChunkDirectory(task));
    };
    const alone = prefixes.map((prefix) => verify([prefix], false));
    const together = verify(prefixes, false);
    deepStrictEqual(together.invalid, alone.flatMap(({ invalid }) => invalid));
    deepStrictEqual(together.unreadable, alone.flatMap(({ unreadable }) => unreadable));
    for (const field of ["chunks", "storedBytes", "otherDigest"] as const) {
      strictEqual(together[field], alone.reduce((sum, result) => sum + result[field], 0), field);
    }
    strictEqual(together.chunks, 100);
    const reasons = new Set(together.invalid.map(({ reason }) => reason.replaceAll(/[0-9a-f]{64}/g, "")));
    ok(reasons.size > 3, [...reasons].join());
    ok(together.otherDigest > 4);
    const removed = verify(prefixes, true).invalid;
    deepStrictEqual(removed.map(({ id }) => id), together.invalid.map(({ id }) => id));
    ok(removed.every(({ removed, reason }) => removed || reason.endsWith("it is a directory")));
    const left = verify(prefixes, false);
    strictEqual(left.chunks, 100 - removed.filter(({ removed }) => removed).length);
    strictEqual(left.storedBytes, together.storedBytes);
  });
}

Deno.test("what was found is removed even if the next directory cannot be read", () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.writeFileSync(made.chunk(0), new Uint8Array(10));
  const prefixes = [made.ids[0].slice(0, 4), "none"];
  const task = {
    kind: "verify",
    directory: made.store,
    prefixes,
    digest: "sha512-256",
    remove: true,
  } as const;
  throws(() => verifyDirectories(task, new ChunkDirectory(task)), { code: "missing-file" });
  ok(!exists(made.chunk(0)));
});

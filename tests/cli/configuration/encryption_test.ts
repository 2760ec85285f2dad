/** Encrypted stores as users configure them; desync's own are in tests/interop/encryption_test.ts. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { concat } from "../../../src/core/bytes.ts";
import { encodeMessage, MessageDecoder } from "../../../src/formats/protocol.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";
import { runCli } from "../../support/cli.ts";
import { canEncrypt } from "../../support/data/ciphers.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const KEY = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);

let count = 0;
/** Arguments that name a file with these options for the store, encryption among them. */
function configured(dir: TempDir, store: string, options: object = { "encryption-key": KEY }): string[] {
  const text = JSON.stringify({ "store-options": { [store]: { encryption: true, ...options } } });
  return ["--config", dir.writePrivate(`config-${count++}.json`, text)];
}

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  deepStrictEqual([code, stderr], [0, ""]);
  return stdout;
}

/** An encrypted store with the chunks of a blob. */
async function fill(dir: TempDir) {
  const made = makeBlob(dir, somePieces());
  const store = dir.dir("secret");
  const config = configured(dir, store);
  await succeeds(...config, "cache", "-s", made.store, "-c", store, made.index);
  return { made, store, config };
}

Deno.test(
  "pull sends what is encrypted decrypted: the protocol knows no other",
  { ignore: !canEncrypt() },
  async () => {
    using dir = tempDir();
    const { made, store, config } = await fill(dir);
    const id = made.ids[0];
    const asked = concat([
      encodeMessage({ type: "hello", flags: 0x40n }),
      encodeMessage({ type: "request", highPriority: false, ids: [id] }),
      encodeMessage({ type: "goodbye" }),
    ]);
    const { stdoutBytes } = await runCli([...config, "pull", "-", "-", "-", store], { stdin: asked });
    const decoder = new MessageDecoder();
    decoder.push(stdoutBytes);
    strictEqual(decoder.next()?.type, "hello");
    const message = decoder.next();
    ok(message?.type === "chunk" && message.compressed && message.id === id);
    sameBytes(message.bytes, Deno.readFileSync(made.chunk(0)));
  },
);

Deno.test("another key finds nothing, and nothing of others is removed or verified", {
  ignore: !canEncrypt(),
}, async () => {
  using dir = tempDir();
  const { made, store, config } = await fill(dir);
  const id = filesIn(store)[0].slice(-8);
  ok(
    filesIn(store).every((path) =>
      /^[0-9a-f]{4}\/[0-9a-f]{64}\.cacnk\.xchacha20-poly1305-[0-9a-f]{8}$/.test(path)
    ),
  );
  const before = contentOf(store);
  const wrong = configured(dir, store, { "encryption-key": OTHER });
  assertFails(
    await runCli([...wrong, "cat", "-s", store, made.index]),
    1,
    "not found",
    `searched: ${store} with the key xchacha20-poly1305-`,
  );
  for (const args of [["verify", "-r", "-s", store], ["verify", "-s", store]]) {
    assertFails(await runCli([...wrong, ...args]), 1, "no chunk in", "has the key", "is it the right one?");
  }
  const none = dir.write("none", "");
  const pruned = await runCli([...wrong, "prune", "-y", "-s", store, "--keep-chunks", none]);
  deepStrictEqual([pruned.code, /^desync: no chunk in .* has the key .*\n$/.test(pruned.stderr)], [0, true]);
  // Without a key, encrypted chunks are no chunks.
  await succeeds("verify", "-r", "-s", store);
  await succeeds("prune", "-y", "-s", store, "--keep-chunks", none);
  deepStrictEqual(contentOf(store), before);

  // Two keys in one store do not see each other.
  await succeeds(...wrong, "cache", "-s", made.store, "-c", store, made.index);
  strictEqual(filesIn(store).length, 2 * Object.keys(before).length);
  await succeeds(...wrong, "prune", "-y", "-s", store, "--keep-chunks", none);
  deepStrictEqual(contentOf(store), before);
  await succeeds(...config, "verify", "-s", store);
  match(id, /^[0-9a-f]{8}$/);
});

Deno.test(
  "a tampered chunk is found, by verify and by extract, and replaced",
  { ignore: !canEncrypt() },
  async () => {
    using dir = tempDir();
    const { made, store, config } = await fill(dir);
    const path = dir.path("secret", filesIn(store).find((path) => path.includes(made.ids[0]))!);
    const bytes = Deno.readFileSync(path);
    bytes[bytes.length >> 1] ^= 1;
    Deno.writeFileSync(path, bytes);
    const args = [...config, "extract", "-s", store, made.index, dir.path("new")];
    assertFails(await runCli(args), 1, `Chunk ${made.ids[0]}`, store, "cannot be decrypted", "another key");
    const found = await runCli([...config, "verify", "-s", store]);
    deepStrictEqual([found.code, found.stdout.includes(made.ids[0])], [1, true]);
    strictEqual((await runCli([...config, "verify", "-r", "-s", store])).code, 3);
    await succeeds(...config, "cache", "-s", made.store, "-c", store, made.index);
    await succeeds(...args);
    sameBytes(Deno.readFileSync(dir.path("new")), made.bytes);
  },
);

Deno.test("an encrypted cache is filled and read, chop and inspect-chunks know the store", {
  ignore: !canEncrypt(),
}, async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const [cache, chopped] = [dir.path("cache"), dir.path("chopped")];
  const config = configured(dir, cache, { "encryption-key": KEY, "encryption-algorithm": "aes-256-gcm" });
  const extract = [...config, "extract", "-c", cache, made.index];
  await succeeds(...extract, dir.path("one"), "-s", made.store);
  ok(filesIn(cache).length > 0 && filesIn(cache).every((path) => path.includes(".cacnk.aes-256-gcm-")));
  await succeeds(...extract, dir.path("two"));
  sameBytes(Deno.readFileSync(dir.path("two")), made.bytes);

  const plain = configured(dir, chopped, { "encryption-key": KEY, uncompressed: true });
  await succeeds(...plain, "chop", "-s", chopped, made.index, dir.path("one"));
  ok(filesIn(chopped).every((path) => /[0-9a-f]{64}\.xchacha20-poly1305-[0-9a-f]{8}$/.test(path)));
  await succeeds(...plain, "verify", "-s", chopped);
  const listed = JSON.parse(await succeeds(...config, "inspect-chunks", "-s", cache, made.index));
  strictEqual(listed[0].compressed_size > 40, true);
});

/** What is wrong, and what is said of it. */
const invalid: [options: object, says: string, env?: Record<string, string>][] = [
  [
    {},
    "sets encryption for it without a key (set encryption-key, or DESYNC_ENCRYPTION_KEY in the environment)",
  ],
  [{ "encryption-key": "5ec4e7" }, "encryption-key in"],
  [
    { "encryption-key": "5ec4e7".repeat(11) },
    "is not 64 hexadecimal digits (`openssl rand -hex 32` prints a key)",
  ],
  [{}, "DESYNC_ENCRYPTION_KEY is not 64 hexadecimal digits", { DESYNC_ENCRYPTION_KEY: "5ec4e7 " }],
  [
    { "encryption-key": KEY, "encryption-algorithm": "rot13" },
    'is "rot13" (use xchacha20-poly1305 or aes-256-gcm)',
  ],
  [{ "encryption-key": "5ec4e7", encryption: false }, "sets encryption-key for it without encryption"],
  [{ "encryption-algorithm": "aes-256-gcm", encryption: false }, "sets encryption-algorithm for it without"],
];
Deno.test(
  "an encryption without a valid key is refused by every command, with one line and without the key",
  { ignore: !canEncrypt() },
  async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const store = dir.dir("secret");
    for (const [i, [options, says, env = {}]] of invalid.entries()) {
      const config = configured(dir, store, options);
      const lines = [
        ["make", "-s", store, dir.path("x.caibx"), made.index],
        ["extract", "-s", made.store, "-c", store, made.index, dir.path("x")],
        ["verify", "-s", store],
        ["chunk-server", "-s", store, "-l", "127.0.0.1:0"],
      ];
      const result = await runCli([...config, ...lines[i % lines.length]], { env });
      assertFails(result, 2, `Cannot use ${store}`, says);
      ok(!result.stderr.includes("5ec4e7"), result.stderr);
    }
    deepStrictEqual(filesIn(store), []);
  },
);

Deno.test("what cannot be encrypted is refused: indexes, and stores of other kinds", {
  ignore: !canEncrypt(),
}, async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const config = configured(dir, dir.root);
  const place = [...config, "list-chunks", made.index];
  assertFails(await runCli(place), 2, "indexes are never encrypted", "keep indexes elsewhere");
  const target = [...config, "make", dir.path("x.caibx"), made.index];
  assertFails(await runCli(target), 2, "indexes are never encrypted");
  const ssh = "ssh://127.0.0.1/store";
  const result = await runCli([...configured(dir, ssh), "cat", "-s", ssh, made.index]);
  assertFails(result, 1, ssh, "encryption is not supported for stores of its kind");
});

Deno.test({
  name: "chunk-server serves and takes encrypted chunks only, and never prints the key",
  ignore: !canServe() || Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const { made, store, config } = await fill(dir);
    await using server = await startDesyncServer(dir, [
      ...config,
      "chunk-server",
      "-w",
      "-s",
      store,
      "--encryption-key",
      OTHER,
      "--encryption-algorithm",
      "aes-256-gcm",
    ]);
    const options = { "encryption-key": OTHER, "encryption-algorithm": "aes-256-gcm" };
    const client = configured(dir, server.url, options);
    await succeeds(...client, "extract", "-s", server.url, made.index, dir.path("out"));
    sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
    const [path] = filesIn(store);
    const suffix = /aes-256-gcm-[0-9a-f]{8}/;
    // Neither what is not encrypted nor what another key encrypts has a name here.
    for (const name of [path, path.slice(0, "abcd/".length + 64), path.replace(/\.xchacha.*/, "")]) {
      const response = await fetch(server.url + name);
      strictEqual(response.status, 400);
      match(await response.text(), suffix);
    }
    const [, key] = /-([0-9a-f]{8})/.exec(suffix.exec(await (await fetch(server.url)).text())![0])!;
    const name = path.replace(/\.xchacha.*/, `.aes-256-gcm-${key}`);
    const part = await fetch(server.url + name, { headers: { range: "bytes=0-9" } });
    deepStrictEqual([part.status, part.headers.get("accept-ranges")], [200, "none"]);
    const body = new Uint8Array(await part.arrayBuffer());
    Deno.removeSync(dir.path("secret", path));
    const changed = body.slice();
    changed[20] ^= 1;
    const refused = await fetch(server.url + name, { method: "PUT", body: changed });
    deepStrictEqual([refused.status, /cannot be decrypted/.test(await refused.text())], [400, true]);
    const stored = await fetch(server.url + name, { method: "PUT", body });
    deepStrictEqual([stored.status, await stored.text()], [200, "stored\n"]);
    await succeeds(...config, "cat", "-s", store, made.index, dir.path("again"));
    sameBytes(Deno.readFileSync(dir.path("again")), made.bytes);
    await endsWell(server);
    ok(!server.stderr.includes(OTHER) && !server.stderr.includes(KEY), server.stderr);

    const bad = await runCli(["chunk-server", "-s", store, "--encryption-key", "5ec4e7"]);
    assertFails(bad, 2, "Cannot serve encrypted chunks: --encryption-key is not 64 hexadecimal digits");
    ok(!bad.stderr.includes("5ec4e7"));
    assertFails(await runCli(["chunk-server", "-s", store, "--encryption"]), 2, "no key was given");
    const typo = await runCli(["chunk-server", "-s", `${OTHER}/none`, "--encryption-key", OTHER]);
    ok(typo.code !== 0 && !typo.stderr.includes(OTHER), typo.stderr);
  },
});

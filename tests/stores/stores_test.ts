/** The conformance suite over every kind of store. */

import { rejects } from "node:assert/strict";
import { FileAccess } from "../../src/deno/files/file_access.ts";
import { HttpStore } from "../../src/stores/http/http_store.ts";
import { encryptedStore } from "../../src/stores/wrappers/encrypted_store.ts";
import { FailoverGroup } from "../../src/stores/wrappers/failover.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { chunkCipher } from "../../src/deno/codec/native_cipher.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { makeHttpFetch } from "../../src/deno/net/http_fetch.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { storePath } from "../support/made.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { peers } from "../support/peers.ts";
import { Random } from "../support/random.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { type Held, MANAGED, READABLE, type Subject, testStore } from "./conformance.ts";

function folderOf(chunks: readonly Held[]): TempDir {
  const dir = tempDir();
  for (const { id, form, bytes } of chunks) dir.write(storePath(id, form), bytes);
  return dir;
}

function openLocal(chunks: readonly Held[]): Promise<Subject> {
  const dir = folderOf(chunks);
  const end = () => Promise.resolve(dir[Symbol.dispose]());
  return Promise.resolve({ store: new LocalStore(dir.root), [Symbol.asyncDispose]: end });
}

async function openMemory(chunks: readonly Held[]): Promise<Subject> {
  const store = new MemoryStore();
  for (const { id, form, bytes } of chunks) {
    await store.put(asVerified(id, { form: form === "plain" ? "plain" : "compressed", bytes }));
  }
  return { store, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function openRemote(chunks: readonly Held[]): Promise<Subject> {
  const store = new RemoteStore();
  for (const { id, form, bytes } of chunks) {
    store.plant(id, { form: form === "plain" ? "plain" : "compressed", bytes });
  }
  return Promise.resolve({ store, [Symbol.asyncDispose]: () => Promise.resolve() });
}

async function openHttp(chunks: readonly Held[]): Promise<Subject> {
  const dir = folderOf(chunks);
  const server = await startNginx(dir.root, { put: true });
  const client = Deno.createHttpClient({ http2: false });
  const url = server.url.replace("//", "//user:secret@");
  const store = new HttpStore(url, { fetch: (url, init) => fetch(url, { ...init, client }) });
  const end = async () => {
    client.close();
    await server[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  };
  return { store, [Symbol.asyncDispose]: end };
}

/** Of what has all requests until it is dead, and a directory. */
async function openGroup(chunks: readonly Held[]): Promise<Subject> {
  const { store, [Symbol.asyncDispose]: end } = await openLocal(chunks);
  const dead = new HttpStore("http://user:secret@127.0.0.1:1/");
  return { store: new FailoverGroup([dead, store]), [Symbol.asyncDispose]: end };
}

const cipher = chunkCipher("aes-256-gcm", new Random(21).bytes(32));
const { overhead } = cipher;

/** The chunks in an encrypted store, and others of the same ids: unencrypted, and with another key. */
function encryptedFolderOf(chunks: readonly Held[]): TempDir {
  const dir = folderOf(chunks.slice(0, 2).map((chunk) => ({ ...chunk, bytes: new Uint8Array(9) })));
  const other = chunkCipher("aes-256-gcm", new Random(22).bytes(32));
  for (const { id, form, bytes } of chunks) {
    for (const one of [cipher, other]) dir.write(storePath(id, form) + one.key.suffix, one.seal(bytes));
  }
  return dir;
}

function openEncrypted(chunks: readonly Held[]): Promise<Subject> {
  const dir = encryptedFolderOf(chunks);
  const end = () => Promise.resolve(dir[Symbol.dispose]());
  return Promise.resolve({
    store: new LocalStore(dir.root, { encryption: cipher }),
    [Symbol.asyncDispose]: end,
  });
}

async function openEncryptedHttp(chunks: readonly Held[]): Promise<Subject> {
  const dir = encryptedFolderOf(chunks);
  const server = await startNginx(dir.root, { put: true });
  const client = Deno.createHttpClient({ http2: false });
  const { suffix } = cipher.key;
  const http = new HttpStore(server.url, { suffix, fetch: (url, init) => fetch(url, { ...init, client }) });
  const end = async () => {
    client.close();
    await server[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  };
  return { store: encryptedStore(http, cipher), [Symbol.asyncDispose]: end };
}

testStore("encrypted local store", [...MANAGED, "touch", "removeStale"], openEncrypted, { overhead });
testStore("encrypted store on nginx", [...READABLE, "put"], openEncryptedHttp, {
  ignore: !peers.nginx,
  bare: true,
  overhead,
});

testStore("local store", [...MANAGED, "touch", "removeStale"], openLocal);
testStore("memory store", MANAGED, openMemory);
testStore("remote store", [...MANAGED, "touch"], openRemote);
testStore("failover group", READABLE, openGroup);
testStore("store on nginx", [...READABLE, "put"], openHttp, { ignore: !peers.nginx });

Deno.test("a directory or file that fails rejects the promise", async () => {
  using dir = tempDir();
  const [first, second] = ["00", "11"].map((byte) => byte.repeat(32));
  dir.dir(storePath(first, "zstd"));
  dir.write(second.slice(0, 4), "no folder");
  const store = new LocalStore(dir.root);
  const [got, stored] = [
    store.get(first),
    store.put(asVerified(second, { form: "plain", bytes: new Uint8Array(1) })),
  ];
  await rejects(got, { code: "invalid-chunk" });
  await rejects(stored, { code: "io" });
  using access = FileAccess.open(dir.write("short", "four"));
  const read = access?.read(0, 5) ?? Promise.resolve();
  await rejects(read, { code: "io" });
});

// What the command line uses; its client lives as long as the program.
Deno.test({
  name: "the program's own fetch reads from nginx",
  ignore: !peers.nginx,
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    dir.write("abcd", "text");
    await using server = await startNginx(dir.root);
    const response = await makeHttpFetch({ connections: 4 })(new URL(`${server.url}abcd`), {});
    if ((await response.arrayBuffer()).byteLength !== 4) throw new Error("something else");
  },
});

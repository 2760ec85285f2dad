/** The conformance suite over a store in a bucket of a real S3 server, and a store that shares its bucket. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { compressChunk, hashChunk } from "../../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { pruneStore } from "../../../src/jobs/prune.ts";
import { S3Client } from "../../../src/stores/s3/s3_client.ts";
import { parseS3Location } from "../../../src/stores/s3/s3_location.ts";
import { S3Store } from "../../../src/stores/s3/s3_store.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { canStartS3, startS3 } from "../../support/servers/s3/any_s3.ts";
import { canStartSwift } from "../../support/servers/s3/swift.ts";
import type { S3Service } from "../../support/servers/s3/s3_service.ts";
import { type Held, MANAGED, type Subject, testStore } from "../conformance.ts";

/** One server, and one bucket, for all tests of this file: they take long to make. */
let shared: { service: S3Service; bucket: string } | undefined;
let stores = 0;

Deno.test.beforeAll(async () => {
  if (!canStartS3) return;
  const service = await startS3();
  shared = { service, bucket: await service.bucket() };
});

Deno.test.afterAll(async () => {
  await shared?.service[Symbol.asyncDispose]();
});

async function openS3(chunks: readonly Held[]): Promise<Subject> {
  const { service, bucket } = shared!;
  const store = new S3Store(`${bucket}/a pre+fix/ü${stores++}`, service.options);
  await Promise.all(
    chunks.map(({ id, form, bytes }) =>
      store.put(asVerified(id, { form: form === "plain" ? "plain" : "compressed", bytes }))
    ),
  );
  return { store, [Symbol.asyncDispose]: () => Promise.resolve() };
}

testStore("store in a bucket", [...MANAGED, "removeAll"], openS3, { ignore: !canStartS3, bare: true });

Deno.test({
  name: "a store in a bucket has the chunks below its prefix, under desync's keys, and nothing else",
  ignore: !canStartS3,
  fn: async () => {
    const { service, bucket } = shared!;
    const chunk = compressChunk(nativeCodec, hashChunk(nativeCodec, "sha512-256", new Uint8Array(10)));
    const { id } = chunk;
    const [store, inside] = [
      new S3Store(`${bucket}/p`, service.options),
      new S3Store(`${bucket}/p/q/`, service.options),
    ];
    await store.put(chunk);
    await inside.put(chunk);
    const client = new S3Client(parseS3Location(bucket), service.options);
    const write = (key: string, text: string) =>
      client.request(
        { method: "PUT", key, body: new TextEncoder().encode(text), action: "write" },
        () => Promise.resolve(),
      );
    const others = [
      `p/${id}`,
      `p/abcd/${id}.cacnk`,
      "p/x.caibx",
      "p/<&\u0001>",
      `p/${id.slice(0, 4)}/${id}.tmp`,
    ];
    for (const key of others) await write(key, "other");
    const listed = async () => (await Array.fromAsync(store.list())).flat().map(({ id }) => id);
    deepStrictEqual(await listed(), [id]);
    const read = (key: string) =>
      client.request(
        { method: "GET", key, action: "read" },
        async (response) => new TextDecoder().decode(await response.arrayBuffer()),
      );
    strictEqual((await read(`p/${id.slice(0, 4)}/${id}.cacnk`))?.length, chunk.stored.bytes.length);
    // It was put just now, by the service's clock and as well as that is known.
    const early = await pruneStore(store, new Set(), { startedAt: Date.now() - 3000 });
    deepStrictEqual([early.removed, early.recent], [0, 1]);
    const { removed } = await pruneStore(store, new Set(), { startedAt: Date.now() + 3000 });
    deepStrictEqual([removed, await listed(), await inside.has(id)], [1, [], true]);
    for (const key of others) strictEqual(await read(key), "other");
  },
});

Deno.test({
  name: "wrong keys, a bucket that is not there, and bytes that changed on the way",
  // s3rver lets everybody in who has no key.
  ignore: !canStartSwift,
  fn: async () => {
    const { service, bucket } = shared!;
    const chunk = hashChunk(nativeCodec, "sha512-256", new Uint8Array(11));
    const wrong = { credentials: () => ({ accessKey: service.env.S3_ACCESS_KEY, secretKey: "s3cret" }) };
    for (
      const [options, location, says] of [
        [wrong, bucket, /the service does not accept the secret key$/],
        [{}, bucket, /no credentials were found: set S3_ACCESS_KEY and S3_SECRET_KEY/],
        [service.options, `${bucket}none`, /the bucket does not exist \(create it/],
      ] as const
    ) {
      const store = new S3Store(`${location}/p`, options);
      const expected = { code: "store", message: says };
      await rejects(store.put(chunk), expected);
      await rejects(store.get(chunk.id), expected);
      await rejects(Array.fromAsync(store.list()), expected);
      if (options !== service.options) await rejects(store.has(chunk.id), expected);
    }
    const changing = new S3Store(bucket, {
      ...service.options,
      fetch: (url, init) => fetch(url, { ...init, body: new Uint8Array(11).fill(1) }),
    });
    await rejects(changing.put(chunk), { code: "store", retriable: true });
    strictEqual(await new S3Store(bucket, service.options).has(chunk.id), false);
  },
});

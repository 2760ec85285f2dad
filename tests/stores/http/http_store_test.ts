/** A store behind a server that serves chunks in one form only, as `chunk-server` of desync in Go does. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { chunkHandler } from "../../../src/servers/fetch_handlers.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { sample } from "../../servers/chunks/samples.ts";

/** Serves on a port of this machine, and notes the requests. */
function serving(handler: (request: Request) => Promise<Response>) {
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked.push(request.url.endsWith(".cacnk") ? "compressed" : "plain");
    return handler(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

for (const form of ["plain", "compressed"] as const) {
  Deno.test(`a server that refuses all names but ${form} ones has chunks, and lacks others`, async () => {
    const { id, plain, compressed } = sample();
    const store = new MemoryStore();
    await store.put(form === "plain" ? plain : compressed);
    await using server = serving(chunkHandler(store, { form }));
    const reader = new HttpStore(server.url);
    strictEqual(await reader.get(sample(2).id), null);
    strictEqual((await reader.get(id))?.form, form);
    // Once it is known, the right form is asked for first.
    server.asked.length = 0;
    strictEqual((await reader.get(id))?.form, form);
    deepStrictEqual(server.asked, [form]);
    deepStrictEqual([await reader.has(id), await reader.has(sample(2).id)], [true, false]);
    strictEqual(await reader.storedSize(sample(2).id), null);
    // One request is enough for what will be stored in that form, and what is refused is not there.
    server.asked.length = 0;
    const forms = ["compressed", "plain"] as const;
    const answers = await Promise.all(forms.map((one) => reader.has(id, { form: one })));
    deepStrictEqual([answers, server.asked.toSorted()], [forms.map((one) => one === form), forms]);
  });
}

Deno.test("what has no bytes for HEAD has an unknown size", async () => {
  // Deno.serve says so when the handler gives no length.
  await using server = serving(() => Promise.resolve(new Response(null)));
  strictEqual(await new HttpStore(server.url).storedSize(sample().id), undefined);
});

Deno.test("a server that refuses everything is an error", async () => {
  await using server = serving(() => Promise.resolve(new Response("no", { status: 400 })));
  const reader = new HttpStore(server.url);
  const status = String.raw`\.cacnk: HTTP status 400 Bad Request`;
  const said = new RegExp(String.raw`${status}: no \(are its chunks encrypted\?\)`);
  await rejects(reader.get(sample().id), { code: "store", message: said });
  const silent = new RegExp(String.raw`${status} \(is it an https:// URL\?; are its chunks encrypted\?\)`);
  await rejects(reader.has(sample().id), { code: "store", message: silent });
  const encrypted = new HttpStore(server.url, { suffix: ".aes-256-gcm-00c0ffee" });
  const ofKey = {
    code: "store",
    message: /Bad Request(?:: no)? \(does the server have this key and cipher\?\)$/,
  };
  await rejects(encrypted.get(sample().id), ofKey);
  await rejects(encrypted.has(sample().id), ofKey);
  await rejects(encrypted.put(sample().compressed), ofKey);
});

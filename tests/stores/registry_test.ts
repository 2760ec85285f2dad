/** What the registry does for every scheme alike. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../src/core/errors.ts";
import type { Index } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import type { WritableIndexStore } from "../../src/stores/index_store.ts";
import { redactLocation, redactText, urlWithoutSecrets, urlWithUser } from "../../src/stores/redact.ts";
import type { LimiterOptions } from "../../src/stores/wrappers/limiter.ts";
import { Registry } from "../../src/stores/registry.ts";
import type { Opener, Scheme } from "../../src/stores/scheme.ts";
import { takesChunks } from "../../src/stores/store.ts";
import type { StoreOptions } from "../../src/stores/store_options.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { testdata } from "../support/testdata.ts";

const ID = "00".repeat(32);
const context = { warn: () => {} };
const retry = { retries: 2, baseIntervalMs: 1 };

/** Fails so often before it does its work. */
function failing(times: number): <T>(result: T) => Promise<T> {
  let left = times;
  return (result) =>
    left-- > 0
      ? Promise.reject(new DesyncError("store", { reason: "busy", retriable: true }))
      : Promise.resolve(result);
}

function scheme(opener: Opener, name = "toy"): Scheme {
  return { names: [name], redact: urlWithoutSecrets, load: () => Promise.resolve(opener) };
}

const index: Index = parseIndex(Deno.readFileSync(testdata("casync-small.caibx")));

Deno.test("chunks, indexes and bytes are retried alike, by the options of their location", async () => {
  for (const [times, works] of [[2, true], [3, false]] as const) {
    const [chunk, read, write, first, access, part] = Array.from({ length: 6 }, () => failing(times));
    const store = new RemoteStore();
    store.get = () => chunk(null);
    const indexes: WritableIndexStore = {
      read: () => read(index),
      check: () => Promise.resolve(),
      write: () => write(undefined),
    };
    const opener: Opener = {
      openChunks: () => Promise.resolve(store),
      openIndexes: () => Promise.resolve(indexes),
      openBytes: () =>
        Promise.resolve({
          async *stream() {
            yield await first(new Uint8Array(1));
          },
          access: () => access({ size: 1, read: () => part(new Uint8Array(1)), pieces: () => [] as never }),
        }),
    };
    const registry = new Registry([scheme(opener)], context, () => ({ retry }));
    const outcomes: (() => Promise<unknown>)[] = [
      async () => (await registry.openChunks("toy://h/s")).get(ID),
      () => registry.readIndex("toy://h/x.caibx"),
      async () => {
        const { store, name } = await registry.openIndexTarget("toy://h/x.caibx");
        await store.write(name, index);
      },
      async () => await Array.fromAsync((await registry.openBytes("toy://h/f")).stream()),
      async () => await (await registry.openBytes("toy://h/f")).access(),
    ];
    for (const outcome of outcomes) {
      if (works) await outcome();
      else await rejects(outcome, { code: "store", message: /busy \(tried 3 times/ });
    }
    if (!works) continue;
    const opened = await (await registry.openBytes("toy://h/f")).access();
    strictEqual((await opened?.read(0, 1))?.length, 1);
  }
});

Deno.test("each location has its own options, and an index has those of its store", async () => {
  const seen: [location: string, options: StoreOptions][] = [];
  const opener: Opener = {
    openChunks: (location, options) => {
      seen.push([location, options]);
      return Promise.resolve(new RemoteStore());
    },
    openIndexes: (location, options) => {
      seen.push([location, options]);
      return Promise.resolve({ read: () => Promise.resolve(index) });
    },
  };
  const optionsOf = (location: string) => ({ concurrency: location.length });
  const registry = new Registry([scheme(opener)], context, optionsOf);
  await registry.openChunks("toy://h/a");
  await registry.openChunks("toy://h/abc", { maxChunkSize: 7 });
  await registry.readIndex("toy://h/x.caibx");
  deepStrictEqual(seen, [
    ["toy://h/a", { concurrency: 9 }],
    ["toy://h/abc", { concurrency: 11, maxChunkSize: 7 }],
    ["toy://h/", { concurrency: 7, pipes: true }],
  ]);
});

Deno.test("the concurrency of its options limits a store that does not limit itself", async () => {
  const store = (concurrency?: LimiterOptions): Opener => ({
    openChunks: () => Promise.resolve(new RemoteStore({ concurrency })),
  });
  const opened = async (opener: Opener) =>
    (await new Registry([scheme(opener)], context, () => ({ concurrency: 5 })).openChunks("toy://h/a"))
      .properties.concurrency;
  deepStrictEqual(await opened(store()), { start: 5, max: 5 });
  deepStrictEqual(await opened(store({ start: 1, max: 2 })), { start: 1, max: 2 });
});

Deno.test("a store keeps its capabilities, and what it cannot do is refused", async () => {
  const opener: Opener = {
    openChunks: (location) => {
      if (location.endsWith("writable")) return Promise.resolve(new RemoteStore({ location }));
      return Promise.resolve({
        properties: { location, probe: "cheap" },
        get: () => Promise.resolve(null),
        has: () => Promise.resolve(false),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
    openIndexes: () => Promise.resolve({ read: () => Promise.resolve(index) }),
  };
  const registry = new Registry([scheme(opener), { names: ["later"], redact: urlWithoutSecrets }], context);
  ok(takesChunks(await registry.openWritable("toy://writable", { action: "fill", subject: "it" })));
  await rejects(registry.openWritable("toy://other", { action: "fill", subject: "it" }), {
    code: "unsupported",
    message: "Cannot fill it: writing to toy:// stores is not supported (use a directory)",
  });
  await rejects(registry.openWritable("toy://other", { action: "fill", subject: "it", hint: "or not" }), {
    message: "Cannot fill it: writing to toy:// stores is not supported (or not)",
  });
  await rejects(registry.openIndexTarget("toy://u:p@h/x"), {
    message: "Cannot write toy://h/x: writing indexes to toy:// is not supported",
  });
  await rejects(registry.openBytes("toy://h/x"), { code: "usage" });
  await rejects(registry.openChunks("later://u:p@h/x?y"), {
    code: "usage",
    message: "Cannot open the store later://h/x: later:// is not supported yet (use toy://)",
  });
});

Deno.test("a group is opened with the options of each member, and closed if one cannot be opened", async () => {
  const opened: string[] = [];
  const closed: string[] = [];
  const opener: Opener = {
    openChunks: (location, { idleTimeoutMs }) => {
      if (location.endsWith("wrong")) throw new DesyncError("usage", { reason: "it is wrong" });
      const store = new RemoteStore({ location: urlWithoutSecrets(location) });
      store[Symbol.asyncDispose] = () => Promise.resolve(void closed.push(location));
      opened.push(`${location} ${idleTimeoutMs}`);
      return Promise.resolve(store);
    },
  };
  const registry = new Registry(
    [scheme(opener)],
    context,
    (location) => ({ idleTimeoutMs: location.length }),
  );
  const group = await registry.openGroup("toy://u:p@a|toy://b");
  strictEqual(group.properties.location, "toy://a|toy://b");
  deepStrictEqual(opened, ["toy://u:p@a 11", "toy://b 7"]);
  await group[Symbol.asyncDispose]();
  deepStrictEqual(closed.splice(0).sort(), ["toy://b", "toy://u:p@a"]);
  await rejects(registry.openGroup("toy://a|toy://wrong"), { code: "usage" });
  deepStrictEqual(closed, ["toy://a"]);
  for (const text of ["toy://u:p@a|", "|toy://u:p@a", "toy://u:p@a||toy://b", "|"]) {
    const message = /^Cannot open the stores "[^@]*": a group has an empty member/;
    await rejects(registry.openGroup(text), { code: "usage", message });
  }
  await rejects(registry.openWritable("toy://u:p@a|toy://b", { action: "fill", subject: "it" }), {
    code: "usage",
    message: "Cannot fill it: a group of stores is only read (name one of its stores)",
  });
});

Deno.test("locations are redacted by their scheme, alone and in texts", () => {
  const schemes: Scheme[] = [
    { names: ["web"], redact: urlWithoutSecrets },
    { names: ["shell"], redact: urlWithUser },
    { names: [""], redact: (path) => path },
  ];
  const shown: [location: string, shown: string][] = [
    ["web://u:p@h/x?sig#f", "web://h/x"],
    ["WEB://t0ken@h/x", "WEB://h/x"],
    ["shell://me@h/x", "shell://me@h/x"],
    ["shell://me:p@h/x", "shell://h/x"],
    ["shell://h/x?y", "shell://h/x"],
    ["other://u@h/x?y", "other://h/x"],
    ["web://u:p@h/x|/path|shell://me@h", "web://h/x|/path|shell://me@h"],
    ["web://h/x?a|b=c", "web://h/x|…"],
    ["web://u:p@h|st/x?sig=1|y", "web://h|st/x|…"],
    ["web://u:p|q@h/x", "web://h/x"],
    ["web://u:p@h|st/x?a||other://g=sig", "web://h|st/x|…|…"],
    ["web://u:p@h/x?a|shell://h/y", "web://h/x|shell://h/y"],
  ];
  for (const [location, expected] of shown) {
    strictEqual(redactLocation(schemes, location), expected);
    if (!location.includes("|")) {
      strictEqual(redactText(schemes, `a ${location} b`), `a ${expected} b`);
    }
  }
  strictEqual(redactLocation(schemes, "a@b?c#d"), "a@b?c#d");
  strictEqual(redactText(schemes, "x a@b?c#d c://u:p@h?x"), "x a@b?c#d c://h");
});

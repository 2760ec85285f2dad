/** Sessions that begin as needed, break, and are replaced. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Message } from "../../../src/formats/protocol.ts";
import { ProtocolStore } from "../../../src/stores/protocol/protocol_store.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { Host, serverHello } from "../../support/servers/host.ts";
import { sha512256 } from "../../support/sha.ts";

const content = Array.from({ length: 200 }, (_, i) => new TextEncoder().encode(`chunk ${i}`));
const ids = content.map(sha512256);
const byId = new Map(ids.map((id, i) => [id, content[i]]));

/** What a host does, from its greeting on. */
type Behaviour = (host: Host) => void | Promise<void>;

/** Answers as many requests as it is told to, and no more. */
function answering(count = Infinity): Behaviour {
  return async (host) => {
    host.send(serverHello);
    for (let left = count; left > 0;) {
      const message = await host.next();
      if (message === null || message.type === "goodbye") return host.end();
      if (message.type !== "request") continue;
      for (const id of message.ids) if (left-- > 0) host.send(answerTo(id));
    }
  };
}

function answerTo(id: string): Message {
  const bytes = byId.get(id);
  return bytes === undefined ? { type: "missing", id } : { type: "chunk", id, compressed: false, bytes };
}

const greetingOnly: Behaviour = (host) => host.send(serverHello);

/** A store whose first connections behave as given, further ones like the last. */
function storeOn(maxSessions: number, ...behaviours: Behaviour[]): { store: ProtocolStore; hosts: Host[] } {
  const hosts: Host[] = [];
  const store = new ProtocolStore({
    location: "ssh://host/store",
    idleTimeoutMs: 60_000,
    maxSessions,
    connect: () => {
      const host = new Host();
      hosts.push(host);
      behaviours[Math.min(hosts.length, behaviours.length) - 1](host);
      return host.connection;
    },
  });
  return { store, hosts };
}

const retry = { retries: 3, baseIntervalMs: 1 };

async function givesAll(store: { get(id: string): Promise<{ bytes: Uint8Array } | null> }): Promise<void> {
  const given = await Promise.all(ids.map((id) => store.get(id)));
  deepStrictEqual(given.map((chunk) => chunk?.bytes), content);
}

/** Lets all that can happen without anything from outside happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("no session without a request, one for few, more for many, never more than allowed", async () => {
  for (const max of [1, 2, 5]) {
    const { store, hosts } = storeOn(max, greetingOnly);
    await settled();
    strictEqual(hosts.length, 0);
    const waiting = [store.get(ids[0]).catch(() => {})];
    await settled();
    for (let i = 1; i < 10; i++) waiting.push(store.get(ids[i]).catch(() => {}));
    await settled();
    strictEqual(hosts.length, 1);
    // One at a time, so that each finds the sessions that those before it caused.
    for (let i = 10; i < ids.length; i++) {
      waiting.push(store.get(ids[i]).catch(() => {}));
      await Promise.resolve();
      if (i % 10 === 0) await settled();
    }
    strictEqual(hosts.length, max);
    await store[Symbol.asyncDispose]();
    await Promise.all(waiting);
    ok(hosts.every((host) => host.closed));
  }
});

Deno.test("sessions share the work", async () => {
  const { store, hosts } = storeOn(3, answering());
  await givesAll(store);
  for (let round = 0; round < 5; round++) await givesAll(store);
  strictEqual(hosts.length, 3);
  await store[Symbol.asyncDispose]();
  ok(hosts.every((host) => host.closed));
});

Deno.test("a session that dies is replaced, and its requests are retried", async () => {
  for (const end of [(host: Host) => host.end(), (host: Host) => host.send({ type: "goodbye" })]) {
    const dying: Behaviour = async (host) => {
      await answering(20)(host);
      end(host);
    };
    const { store, hosts } = storeOn(1, dying, dying, answering());
    const retrying = retryStore(store, retry);
    await givesAll(retrying);
    strictEqual(hosts.length, 3);
    await retrying[Symbol.asyncDispose]();
    ok(hosts.every((host) => host.closed));
  }
});

Deno.test("one of two sessions dies: the other continues, and nothing is lost", async () => {
  const dying: Behaviour = async (host) => {
    await answering(10)(host);
    host.end();
  };
  const { store } = storeOn(2, answering(), dying, answering());
  const retrying = retryStore(store, retry);
  for (let round = 0; round < 4; round++) await givesAll(retrying);
  await retrying[Symbol.asyncDispose]();
});

Deno.test("sessions that keep dying fail the request after the allowed attempts", async () => {
  const dying: Behaviour = async (host) => {
    await answering(0)(host);
    await host.next(); // its greeting
    await host.asked(1);
    host.end();
  };
  const { store, hosts } = storeOn(1, dying);
  await rejects(retryStore(store, retry).get(ids[0]), {
    code: "store",
    message: /ssh:\/\/host\/store: the connection ended.*tried 4 times/,
  });
  strictEqual(hosts.length, 4);
  await store[Symbol.asyncDispose]();
});

Deno.test("a first connection that fails is not retried, nor the second one beside it", async () => {
  for (const [requests, sessions] of [[10, 1], [100, 2]]) {
    const { store, hosts } = storeOn(4, (host) => host.end());
    const retrying = retryStore(store, retry);
    const failed = ids.slice(0, requests).map((id) => rejects(retrying.get(id), /ended before a greeting/));
    await Promise.all(failed);
    strictEqual(hosts.length, sessions);
    await store[Symbol.asyncDispose]();
  }
});

Deno.test("a second session is begun beside the first for many requests, and the pool can do without it", async () => {
  const begun: boolean[] = [];
  const hosts: Host[] = [];
  const store = new ProtocolStore({
    location: "ssh://host/store",
    idleTimeoutMs: 60_000,
    maxSessions: 3,
    connect: (isFurther) => {
      begun.push(isFurther);
      const host = new Host();
      hosts.push(host);
      return host.connection;
    },
  });
  const given = givesAll(store);
  await settled();
  deepStrictEqual(begun, [false, true]);
  // It would have asked for a password, as the first one does.
  hosts[1].end();
  await settled();
  answering()(hosts[0]);
  await given;
  await givesAll(store);
  deepStrictEqual(begun, [false, true]);
  await store[Symbol.asyncDispose]();
});

Deno.test("a second session that is open before the first takes requests", async () => {
  const { store, hosts } = storeOn(2, () => {}, answering());
  const first = ids.slice(0, 40).map((id) => store.get(id));
  await settled();
  strictEqual(hosts.length, 2);
  deepStrictEqual((await store.get(ids[50]))?.bytes, content[50]);
  answering()(hosts[0]);
  deepStrictEqual((await Promise.all(first)).map((chunk) => chunk?.bytes), content.slice(0, 40));
  await store[Symbol.asyncDispose]();
});

Deno.test("a later connection that fails is retried", async () => {
  const once: Behaviour = async (host) => {
    await answering(1)(host);
    host.end();
  };
  const { store, hosts } = storeOn(1, once, (host) => host.end(), (host) => host.end(), answering());
  const retrying = retryStore(store, retry);
  await retrying.get(ids[0]);
  await settled();
  deepStrictEqual((await retrying.get(ids[1]))?.bytes, content[1]);
  strictEqual(hosts.length, 4);
  await store[Symbol.asyncDispose]();
});

Deno.test("a host that refuses a second session is not asked for one again", async () => {
  const { store, hosts } = storeOn(8, answering(), (host) => host.end());
  for (let round = 0; round < 5; round++) {
    await givesAll(store);
    await settled();
  }
  strictEqual(hosts.length, 2);
  await store[Symbol.asyncDispose]();
});

Deno.test("get returns null for what the host lacks, and has requests it", async () => {
  const { store } = storeOn(1, answering());
  strictEqual(await store.get(sha512256(new Uint8Array(3))), null);
  strictEqual(await store.has(sha512256(new Uint8Array(3))), false);
  strictEqual(await store.has(ids[0]), true);
  await store[Symbol.asyncDispose]();
});

Deno.test("a caller that aborts does not wait", async () => {
  for (const behaviour of [greetingOnly, () => {}]) {
    const { store, hosts } = storeOn(1, behaviour);
    const stop = new AbortController();
    const waiting = rejects(store.get(ids[0], { signal: stop.signal }), { code: "interrupted" });
    await settled();
    stop.abort();
    await waiting;
    await rejects(store.get(ids[1], { signal: stop.signal }), { code: "interrupted" });
    const another = storeOn(1, behaviour);
    await rejects(another.store.get(ids[0], { signal: stop.signal }), { code: "interrupted" });
    strictEqual(another.hosts.length, 0);
    // Not even a connection that has not greeted yet holds it up.
    await store[Symbol.asyncDispose]();
    ok(hosts.length === 1 && hosts[0].closed);
  }
});

Deno.test("close while a connection is being made: it is closed when it is there", async () => {
  const host = new Host();
  const made = Promise.withResolvers<void>();
  const store = new ProtocolStore({
    location: "ssh://host/store",
    idleTimeoutMs: 60_000,
    maxSessions: 1,
    connect: async () => {
      await made.promise;
      return host.connection;
    },
  });
  const waiting = rejects(store.get(ids[0]), { code: "store" });
  await settled();
  const closing = store[Symbol.asyncDispose]();
  made.resolve();
  await closing;
  await waiting;
  ok(host.closed);
});

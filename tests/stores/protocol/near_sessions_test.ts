/** Sessions that workers read: how many are opened, who gets which, and how they end. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ChunkId } from "../../../src/core/chunk.ts";
import { messageOf } from "../../../src/core/errors.ts";
import { type Message, MessageDecoder } from "../../../src/formats/protocol.ts";
import { NearSessions } from "../../../src/stores/protocol/near_sessions.ts";
import { ProtocolStore } from "../../../src/stores/protocol/protocol_store.ts";
import type { NearFailure, NearSessionRequest, NearTurn } from "../../../src/stores/store.ts";

/** Connections that note what is sent on them. */
class Host {
  readonly connections: { readonly messages: Message[]; closed: boolean }[] = [];
  /** Whether it refuses every session. */
  isDown = false;
  /** Whether nothing can be sent. */
  isFull = false;
  /** Whether it has answered on every connection. */
  isReady = true;

  connect() {
    if (this.isDown) return null;
    const isReady = () => this.isReady;
    const connection = { messages: [] as Message[], closed: false };
    const socket = this.connections.push(connection);
    return {
      socket,
      send: (bytes: Uint8Array<ArrayBuffer>) => {
        const decoder = new MessageDecoder();
        decoder.push(bytes);
        for (let message; (message = decoder.next()) !== null;) connection.messages.push(message);
        return !this.isFull;
      },
      get isReady() {
        return isReady();
      },
      close: () => {
        connection.closed = true;
        return Promise.resolve();
      },
    };
  }
}

function sessionsWith(host: Host, { maxSessions = 2, maxRequests = 8 } = {}): NearSessions {
  return new NearSessions({ connect: () => host.connect(), maxSessions, maxRequests, idleTimeoutMs: 5000 });
}

const ID: ChunkId = "ab".repeat(32);

function turnFor(ids: readonly ChunkId[], sessionWorkers: number): NearTurn {
  return { ids, sessionWorkers, hold: () => Promise.reject(new Error("sessions have limits of their own")) };
}

/** Turns that last until the test ends them, with a result or a failure. */
class Turns {
  readonly begun: { readonly request: NearSessionRequest; end(failure?: NearFailure): void }[] = [];
  readonly #near: NearSessions;

  constructor(near: NearSessions) {
    this.#near = near;
  }

  /** Begins one for so many chunks. Its result is that of the work, `undefined` if there was none. */
  async begin(count: number, workers = 2): Promise<string | undefined> {
    const turn = turnFor(Array<ChunkId>(count).fill(ID), workers);
    return await this.#near.turn(turn, async (request) => {
      const { promise, resolve } = Promise.withResolvers<NearFailure | undefined>();
      this.begun.push({ request, end: resolve });
      const failure = await promise;
      this.#near.report(failure, request);
      return failure ?? "done";
    });
  }

  get sockets(): number[] {
    return this.begun.map(({ request }) => request.socket);
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("each session greets once, gets requests while there is room, and says goodbye at the end", async () => {
  const host = new Host();
  const near = sessionsWith(host);
  const turns = new Turns(near);
  const results = Array.from({ length: 5 }, () => turns.begin(4));
  await settle();
  deepStrictEqual(turns.sockets, [1, 2, 1, 2]);
  deepStrictEqual(turns.begun.map(({ request }) => request.worker), [0, 1, 0, 1]);
  turns.begun[1].end();
  await settle();
  deepStrictEqual(turns.sockets, [1, 2, 1, 2, 2]);
  for (const { end } of turns.begun) end();
  deepStrictEqual(await Promise.all(results), Array(5).fill("done"));
  await near.end();
  for (const [i, { messages, closed }] of host.connections.entries()) {
    ok(closed);
    const types = messages.map(({ type }) => type);
    deepStrictEqual(types, ["hello", ...Array(i === 0 ? 8 : 12).fill("request"), "goodbye"]);
  }
  strictEqual(near.end(), undefined);
});

Deno.test("no more than two are on their way at a time, and no more are opened than may be", async () => {
  const host = new Host();
  const near = sessionsWith(host, { maxSessions: 3 });
  near.prepare();
  near.prepare();
  strictEqual(host.connections.length, 2);
  const turns = new Turns(near);
  const results = Array.from({ length: 8 }, () => turns.begin(8));
  await settle();
  deepStrictEqual(turns.sockets, [1, 2]);
  for (let next = 0; next < 8; next++) {
    turns.begun[next].end();
    await settle();
  }
  await Promise.all(results);
  strictEqual(host.connections.length, 3);
  await near.end();
});

Deno.test("it is near once a turn was quick in a session that is open, and not when all is over", async () => {
  const near = sessionsWith(new Host(), { maxSessions: 1 });
  const turns = new Turns(near);
  const seen = [near.isNear];
  for (const failure of [undefined, undefined, "unusual"] as const) {
    const result = turns.begin(1);
    await settle();
    turns.begun.at(-1)!.end(failure);
    await result;
    seen.push(near.isNear);
  }
  // The first answer waits for the session.
  deepStrictEqual(seen, [false, false, true, false]);
  await near.end();
});

Deno.test("more chunks than there is room for go to a session that has nothing to do", async () => {
  const near = sessionsWith(new Host(), { maxSessions: 1, maxRequests: 2 });
  const turns = new Turns(near);
  const results = [turns.begin(5), turns.begin(1)];
  await settle();
  strictEqual(turns.begun.length, 1);
  turns.begun[0].end();
  await settle();
  turns.begun[1].end();
  deepStrictEqual(await Promise.all(results), ["done", "done"]);
  await near.end();
});

Deno.test("what a session that is not let in was to get, another gets; no new one is opened", async () => {
  const host = new Host();
  const near = sessionsWith(host);
  const turns = new Turns(near);
  const results = [turns.begin(4), turns.begin(4)];
  await settle();
  turns.begun[0].end("refused");
  await settle();
  deepStrictEqual(turns.sockets, [1, 2, 2]);
  ok(host.connections[0].closed && !near.isOver);
  // A session that failed gets no goodbye.
  strictEqual(host.connections[0].messages.at(-1)?.type, "request");
  for (const { end } of turns.begun) end();
  deepStrictEqual(await Promise.all(results), ["done", "done"]);
  await near.end();
  strictEqual(host.connections.length, 2);
});

Deno.test("a host that refuses a session is asked for no more of them, however many there may be", async () => {
  for (const letsOneIn of [true, false]) {
    const host = new Host();
    const near = sessionsWith(host, { maxSessions: 8 });
    const turns = new Turns(near);
    const results = Array.from({ length: 4 }, () => turns.begin(8));
    await settle();
    deepStrictEqual(turns.sockets, [1, 2]);
    turns.begun[0].end("refused");
    await settle();
    deepStrictEqual(turns.sockets, [1, 2]);
    for (let next = 1; next < turns.begun.length; next++) {
      turns.begun[next].end(letsOneIn ? undefined : "refused");
      await settle();
    }
    await Promise.all(results);
    strictEqual(host.connections.length, 2);
    strictEqual(near.isOver, !letsOneIn);
    await near.end();
  }
});

Deno.test("once one is open, another is used when it has answered: nobody waits for it", async () => {
  const host = new Host();
  host.isReady = false;
  const near = sessionsWith(host, { maxSessions: 3 });
  const turns = new Turns(near);
  const results = Array.from({ length: 7 }, () => turns.begin(8));
  await settle();
  deepStrictEqual(turns.sockets, [1, 2]);
  turns.begun[0].end();
  await settle();
  turns.begun[1].end();
  await settle();
  strictEqual(host.connections.length, 3);
  deepStrictEqual(turns.sockets, [1, 2, 1, 2]);
  // It has been told hello, or it might not answer.
  deepStrictEqual(host.connections[2].messages.map(({ type }) => type), ["hello"]);
  host.isReady = true;
  turns.begun[2].end();
  await settle();
  deepStrictEqual(turns.sockets.slice(4).toSorted(), [1, 3]);
  for (let next = 3; next < 7; next++) {
    turns.begun[next].end();
    await settle();
  }
  deepStrictEqual(await Promise.all(results), Array(7).fill("done"));
  await near.end();
});

Deno.test("where none is let in, or none can be made, there are none", async () => {
  const host = new Host();
  const near = sessionsWith(host);
  const turns = new Turns(near);
  const results = [turns.begin(4), turns.begin(4)];
  await settle();
  for (const { end } of turns.begun) end("refused");
  deepStrictEqual(await Promise.all(results), ["refused", "refused"]);
  ok(near.isOver);
  strictEqual(await turns.begin(4), undefined);
  await near.end();
  ok(host.connections.every(({ closed }) => closed));

  const unused = new Host();
  strictEqual(await new Turns(sessionsWith(unused)).begin(4, 0), undefined);
  strictEqual(unused.connections.length, 0);

  for (const fault of [{ isDown: true }, { isFull: true }]) {
    const other = sessionsWith(Object.assign(new Host(), fault));
    strictEqual(await new Turns(other).begin(4), undefined);
    ok(other.isOver);
    await other.end();
  }
});

for (const failure of ["unusual", "slow"] as const) {
  Deno.test(`a session that fails ends them all, when what was requested has come: ${failure}`, async () => {
    const host = new Host();
    const near = sessionsWith(host);
    const turns = new Turns(near);
    const results = Array.from({ length: 5 }, () => turns.begin(4));
    await settle();
    turns.begun[0].end(failure);
    strictEqual(await results[0], failure);
    // The one who waited gets none.
    strictEqual(await results[4], undefined);
    let hasEnded = false;
    const ending = near.end()!.then(() => hasEnded = true);
    turns.begun[1].end();
    turns.begun[2].end(failure);
    await settle();
    ok(!hasEnded);
    turns.begun[3].end();
    await ending;
    deepStrictEqual(await Promise.all(results.slice(1, 4)), ["done", failure, "done"]);
    ok(host.connections.every(({ closed }) => closed));
    strictEqual(await turns.begin(1), undefined);
    strictEqual(host.connections.length, 2);
  });
}

Deno.test("work that throws ends them all", async () => {
  const host = new Host();
  const near = sessionsWith(host);
  const turn = turnFor([ID], 1);
  const error = await near.turn(turn, () => Promise.reject(new Error("no"))).catch((error) => error);
  strictEqual(error.message, "no");
  ok(near.isOver);
  await near.end();
  ok(host.connections[0].closed);
});

Deno.test("once the main thread has asked for a chunk itself, workers ask for none", async () => {
  const host = new Host();
  const near = sessionsWith(host);
  strictEqual(near.end(), undefined);
  near.prepare();
  strictEqual(await new Turns(near).begin(1), undefined);
  strictEqual(host.connections.length, 0);
});

Deno.test("a host that was silent as long as it may be is not asked once more, unless it has let one in or refused one", async () => {
  for (const others of [[], ["refused"], [undefined]] as const) {
    let connections = 0;
    await using store = new ProtocolStore({
      location: "there",
      maxSessions: 2,
      idleTimeoutMs: 7000,
      connect: () => {
        connections++;
        throw new Error("it is opened");
      },
      connectForWorkers: () => ({
        socket: 1,
        send: () => true,
        isReady: true,
        close: () => Promise.resolve(),
      }),
    });
    const near = store.properties.near as NearSessions;
    const turns = new Turns(near);
    const results = [turns.begin(1), turns.begin(1)];
    await settle();
    strictEqual(turns.begun[0].request.greetingTimeoutMs, 7000);
    for (const failure of others) turns.begun[1].end(failure);
    await settle();
    for (const { end } of turns.begun) end("silent");
    await settle();
    // What the one that was not let in was to get, the one that was gets.
    for (const { end } of turns.begun) end();
    await Promise.all(results);
    strictEqual(near.isOver, others.length === 0 || others[0] === "refused");
    const message = await store.get(ID).catch(messageOf);
    const isAsked = others.length > 0;
    strictEqual(message, isAsked ? "it is opened" : "Cannot read from there: no answer for 7 seconds");
    strictEqual(connections, isAsked ? 1 : 0);
  }
});

Deno.test("who does not want the chunk any more when the sessions have ended opens none for it", async () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  let connections = 0;
  await using store = new ProtocolStore({
    location: "there",
    maxSessions: 1,
    connect: () => {
      connections++;
      throw new Error("it is opened");
    },
    connectForWorkers: () => ({ socket: 1, send: () => true, isReady: true, close: () => closed }),
  });
  store.properties.near!.prepare!();
  const stop = new AbortController();
  const requests = [store.get(ID, stop), store.get(ID)].map((request) => request.catch(messageOf));
  strictEqual(connections, 0);
  stop.abort();
  close();
  deepStrictEqual(await Promise.all(requests), ["Interrupted", "it is opened"]);
  await settle();
  strictEqual(connections, 1);
});

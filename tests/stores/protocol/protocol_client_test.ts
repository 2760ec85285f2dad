/** One session as its client, against hosts that do what they should not. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { encodeMessage, type Message } from "../../../src/formats/protocol.ts";
import { ProtocolClient } from "../../../src/stores/protocol/protocol_client.ts";
import { Host, serverHello } from "../../support/servers/host.ts";
import { sha512256 } from "../../support/sha.ts";

const options = { location: "ssh://host/store", idleTimeoutMs: 60_000 };
const content = Array.from({ length: 300 }, (_, i) => new TextEncoder().encode(`chunk ${i}`));
const ids = content.map(sha512256);
const chunk = (i: number): Message => ({ type: "chunk", id: ids[i], compressed: false, bytes: content[i] });

/** A session that both sides have begun. */
async function open(idleTimeoutMs = options.idleTimeoutMs): Promise<{ host: Host; client: ProtocolClient }> {
  const host = new Host();
  host.send(serverHello);
  const client = await ProtocolClient.open(host.connection, { ...options, idleTimeoutMs });
  deepStrictEqual(await host.next(), { type: "hello", flags: 0x40n });
  return { host, client };
}

Deno.test("many requests are sent before the first response; responses may come in any order", async () => {
  const { host, client } = await open();
  const answers = ids.map((id) => client.get(id));
  deepStrictEqual(await host.asked(ids.length), ids);
  strictEqual(client.load, ids.length);
  for (let i = ids.length - 1; i >= 0; i--) {
    host.send(
      i % 3 === 0 ? { type: "missing", id: ids[i] } : { ...chunk(i), compressed: i % 3 === 1 } as Message,
    );
  }
  for (const [i, answer] of answers.entries()) {
    const form = i % 3 === 1 ? "compressed" : "plain";
    deepStrictEqual(await answer, i % 3 === 0 ? null : { form, bytes: content[i] });
  }
  strictEqual(client.load, 0);
  await client.close();
  strictEqual(host.closed, true);
});

Deno.test("two callers for the same chunk share a request, and each gets its own bytes", async () => {
  const { host, client } = await open();
  const [first, second, third] = [client.get(ids[0]), client.get(ids[0]), client.get(ids[1])];
  deepStrictEqual(await host.asked(2), [ids[0], ids[1]]);
  host.send(chunk(0), { type: "missing", id: ids[1] });
  const given = (await first)!.bytes;
  ok(given.buffer instanceof ArrayBuffer);
  given.buffer.transfer(0);
  deepStrictEqual((await second)?.bytes, content[0]);
  strictEqual(await third, null);
  const again = client.get(ids[0]);
  deepStrictEqual(await host.asked(1), [ids[0]]);
  host.send(chunk(0));
  deepStrictEqual((await again)?.bytes, content[0]);
  await client.close();
});

Deno.test("close sends GOODBYE, fails pending and later requests, and may be called again", async () => {
  const { host, client } = await open();
  const waiting = rejects(client.get(ids[0]), { code: "store", message: /ssh:\/\/host\/store.*closed/ });
  await client.close();
  await waiting;
  strictEqual(client.ended, true);
  strictEqual(host.closed, true);
  await rejects(client.get(ids[1]), { code: "store" });
  await client.close();
  await client.finished;
});

Deno.test("close does not wait for a host that has stopped reading", async () => {
  const narrow = new TransformStream<Uint8Array, Uint8Array>(); // takes one piece, then none
  const host = new Host();
  host.send(serverHello);
  const client = await ProtocolClient.open({ ...host.connection, writable: narrow.writable }, options);
  const waiting = ids.map((id) => rejects(client.get(id), { code: "store" }));
  await client.close();
  await Promise.all(waiting);
});

/** What a host does once it was asked for the first chunk, and how the request fails. */
const faults: [
  name: string,
  fault: (host: Host) => void,
  error: { code: string; retriable: boolean; says: RegExp },
][] = [
  [
    "answers what was not requested",
    (host) => host.send(chunk(1)),
    { code: "protocol", retriable: false, says: new RegExp(`${ids[1]}.*not requested`) },
  ],
  [
    "says MISSING of what was not requested",
    (host) => host.send({ type: "missing", id: ids[1] }),
    { code: "protocol", retriable: false, says: /not requested/ },
  ],
  [
    "gives up and says why",
    (host) => host.send({ type: "abort", errorNumber: 5, reason: "the disk is on fire" }),
    { code: "store", retriable: false, says: /aborted the session: the disk is on fire/ },
  ],
  [
    "gives up without a reason",
    (host) => host.send({ type: "abort", errorNumber: 0, reason: "" }),
    { code: "store", retriable: false, says: /no reason/ },
  ],
  [
    "gives up with what would paint the terminal",
    (host) => host.send({ type: "abort", errorNumber: 0, reason: "\x1b[31mred\r\nline\x9b" }),
    { code: "store", retriable: false, says: /aborted the session: \[31mred line$/ },
  ],
  [
    "says goodbye",
    (host) => host.send({ type: "goodbye" }),
    { code: "store", retriable: true, says: /the server closed the session/ },
  ],
  ["ends", (host) => host.end(), { code: "store", retriable: true, says: /connection ended/ }],
  [
    "ends within a message",
    (host) => {
      host.send(encodeMessage(chunk(0)).subarray(0, 40));
      host.end();
    },
    { code: "store", retriable: true, says: /ended within a message/ },
  ],
  [
    "greets again",
    (host) => host.send(serverHello),
    { code: "protocol", retriable: false, says: /hello/ },
  ],
  [
    "asks back",
    (host) => host.send({ type: "request", highPriority: false, ids: [ids[0]] }),
    { code: "protocol", retriable: false, says: /request/ },
  ],
  [
    "sends an index",
    (host) => host.send({ type: "data", of: "index", bytes: content[0] }),
    { code: "protocol", retriable: false, says: /not requested/ },
  ],
  [
    "sends garbage",
    (host) => host.send(new Uint8Array(100).fill(0x41)),
    { code: "protocol", retriable: false, says: /unknown type 0x4141/ },
  ],
];
for (const [name, fault, { code, retriable, says }] of faults) {
  Deno.test(`a host that ${name}: all pending requests fail, and later ones, too`, async () => {
    const { host, client } = await open();
    const failed = [0, 2, 2].map((i) =>
      rejects(client.get(ids[i]), (error: Error & { code: string; retriable: boolean }) => {
        deepStrictEqual([error.code, error.retriable], [code, retriable]);
        ok(error.message.startsWith("Cannot read from ssh://host/store: "), error.message);
        ok(says.test(error.message), error.message);
        return true;
      })
    );
    await host.asked(2);
    fault(host);
    await Promise.all(failed);
    await client.finished;
    strictEqual(client.ended, true);
    strictEqual(host.closed, true);
    await rejects(client.get(ids[3]), { code, message: says });
    await client.close();
  });
}

Deno.test("a request made while a session breaks fails as well, and nothing is left behind", async () => {
  const host = new Host();
  host.send(serverHello);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  const diagnose = () => {
    asked.resolve();
    return answer.promise;
  };
  const client = await ProtocolClient.open({ ...host.connection, diagnose }, options);
  host.end();
  await asked.promise;
  strictEqual(client.ended, true);
  const failed = rejects(client.get(ids[0]), {
    code: "store",
    message: /connection ended \(its last words\)/,
  });
  answer.resolve("its last words");
  await failed;
  await client.finished;
  // Not closed: a timer that is left now would keep the program for a minute, and the test from its good end.
});

Deno.test("an answer that comes twice", async () => {
  const { host, client } = await open();
  const [first, second] = [client.get(ids[0]), client.get(ids[1])];
  await host.asked(2);
  const failed = rejects(second, { code: "protocol", message: /not requested/ });
  host.send(chunk(0), chunk(0));
  deepStrictEqual((await first)?.bytes, content[0]);
  await failed;
  await client.close();
});

Deno.test("an answer that never comes", async () => {
  const { host, client } = await open(30);
  const [first, second] = [client.get(ids[0]), client.get(ids[1])];
  await host.asked(2);
  const failed = rejects(second, { code: "timeout", retriable: true, message: /no answer for 0.03 seconds/ });
  host.send(chunk(0));
  deepStrictEqual((await first)?.bytes, content[0]);
  await failed;
  strictEqual(host.closed, true);
  await client.close();
});

Deno.test("a session without requests may be silent without limit", async () => {
  const { host, client } = await open(20);
  const first = client.get(ids[0]);
  await host.asked(1);
  host.send(chunk(0));
  await first;
  await new Promise((resolve) => setTimeout(resolve, 60));
  const second = client.get(ids[1]);
  await host.asked(1);
  host.send(chunk(1));
  deepStrictEqual((await second)?.bytes, content[1]);
  await client.close();
});

Deno.test("an answer that comes slowly is not silence", async () => {
  const { host, client } = await open(400);
  const answer = client.get(ids[0]);
  await host.asked(1);
  const bytes = encodeMessage(chunk(0));
  for (let at = 0; at < bytes.length; at += 5) {
    host.send(bytes.slice(at, at + 5));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  deepStrictEqual((await answer)?.bytes, content[0]);
  await client.close();
});

Deno.test("a response below the minimum rate fails", async () => {
  const { host, client } = await open(300);
  const failed = rejects(client.get(ids[0]), {
    code: "timeout",
    retriable: true,
    message: /less than 100 bytes a second for 0\.3 seconds/,
  });
  await host.asked(1);
  const timer = setInterval(() => host.send(Uint8Array.of(0)), 50); // 20 bytes a second
  host.send(encodeMessage(chunk(0)).subarray(0, 16));
  await failed;
  clearInterval(timer);
  strictEqual(host.closed, true);
  await client.close();
});

Deno.test("a chunk that is larger than any of the index is refused when its length is there", async () => {
  const host = new Host();
  host.send(serverHello);
  const client = await ProtocolClient.open(host.connection, { ...options, maxChunkSize: 2048 });
  const failed = rejects(client.get(ids[0]), {
    code: "protocol",
    message: /a chunk of 1000000 bytes, larger than the limit/,
  });
  const large: Message = { type: "chunk", id: ids[0], compressed: true, bytes: new Uint8Array(1_000_000) };
  host.send(encodeMessage(large).subarray(0, 16));
  await failed;
  await client.close();
});

Deno.test("a host's reason for aborting is truncated and has no control codes", async () => {
  for (
    const reason of [" ".repeat(2_000_000) + "\n", "\x1b[2J\u202e".repeat(200_000), "long ".repeat(200_000)]
  ) {
    const { host, client } = await open();
    const failed = rejects(client.get(ids[0]), (error: Error) => {
      // deno-lint-ignore no-control-regex
      ok(!/[\x00-\x1f\u202e]/.test(error.message) && error.message.length < 1000, error.message);
      return /aborted the session/.test(error.message);
    });
    await host.asked(1);
    host.send({ type: "abort", errorNumber: 0, reason });
    await failed;
    await client.close();
  }
});

Deno.test("further requests do not extend the time of a silent host", async () => {
  const { host, client } = await open(40);
  let failed = false;
  const first = rejects(client.get(ids[0]), { code: "timeout" }).then(() => failed = true);
  const others: Promise<unknown>[] = [];
  for (let i = 1; i < ids.length && !failed; i++) {
    others.push(client.get(ids[i]).catch(() => {}));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  ok(failed, "it went on for as long as it was asked");
  await Promise.all([first, ...others]);
  strictEqual(host.closed, true);
  await client.close();
});

const greetings: [name: string, greet: (host: Host) => void, code: string, says: RegExp][] = [
  [
    "text instead of the protocol",
    (host) => host.send(new TextEncoder().encode("Welcome to \x1b[1mhost\x1b[0m!\nLast login: today\n")),
    "protocol",
    /it says "Welcome to \[1mhost \[0m! Last login: today" instead/,
  ],
  [
    "text in front of the protocol",
    (host) => host.send(new TextEncoder().encode("Hello there\n"), serverHello),
    "protocol",
    /it says "Hello there[^"]*" instead/,
  ],
  [
    "a short text, and its end",
    (host) => {
      host.send(new TextEncoder().encode("Sorry.\n"));
      host.end();
    },
    "protocol",
    /it says "Sorry\." instead/,
  ],
  ["nothing, and its end", (host) => host.end(), "store", /ended before a greeting/],
  ["no store", (host) => host.send({ type: "hello", flags: 0x10n }), "store", /no readable store/],
  ["goodbye", (host) => host.send({ type: "goodbye" }), "protocol", /began with goodbye/],
  [
    "why it cannot",
    (host) => host.send({ type: "abort", errorNumber: 2, reason: "no such store" }),
    "store",
    /aborted the session: no such store/,
  ],
];
for (const [name, greet, code, says] of greetings) {
  Deno.test(`a host that begins with ${name}`, async () => {
    const host = new Host();
    host.lastWords = "its last words";
    greet(host);
    await rejects(
      ProtocolClient.open(host.connection, options),
      (error: Error & { code: string; retriable: boolean }) => {
        deepStrictEqual([error.code, error.retriable], [code, false], error.message);
        ok(says.test(error.message), error.message);
        ok(error.message.startsWith("Cannot read from ssh://host/store: "), error.message);
        ok(error.message.endsWith(" (its last words)"), error.message);
        return true;
      },
    );
    strictEqual(host.closed, true);
  });
}

Deno.test("a host that begins with nothing, for ever, or with a short text", async () => {
  for (const words of ["", "Hi, there"]) {
    const host = new Host();
    if (words !== "") host.send(new TextEncoder().encode(words));
    const opening = ProtocolClient.open(host.connection, { ...options, idleTimeoutMs: 20 });
    await rejects(
      opening,
      words === "" ? { code: "timeout" } : { code: "protocol", message: /it says "Hi, there"/ },
    );
    strictEqual(host.closed, true);
  }
});

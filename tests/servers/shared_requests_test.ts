/** One request for all concurrent callers. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { interrupted } from "../../src/core/errors.ts";
import { SharedRequests } from "../../src/servers/shared_requests.ts";
import { settled } from "./requests.ts";

/** Requests that end when the test says so. */
class Sent {
  readonly all: PromiseWithResolvers<string>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly send = (signal: AbortSignal): Promise<string> => {
    const request = Promise.withResolvers<string>();
    signal.addEventListener("abort", () => request.reject(interrupted()));
    this.all.push(request);
    this.signals.push(signal);
    return request.promise;
  };
}

Deno.test("callers at the same time share a request, later ones make another", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const first = [shared.get("a", sent.send), shared.get("a", sent.send), shared.get("b", sent.send)];
  strictEqual(sent.all.length, 2);
  sent.all[0].resolve("A");
  sent.all[1].resolve("B");
  deepStrictEqual(await Promise.all(first), ["A", "A", "B"]);
  const later = shared.get("a", sent.send);
  strictEqual(sent.all.length, 3);
  sent.all[2].resolve("A again");
  strictEqual(await later, "A again");
});

Deno.test("a failure is that of all callers, and the next one makes a new request", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const waiting = [shared.get("a", sent.send), shared.get("a", sent.send)];
  sent.all[0].reject(new Error("broken"));
  for (const one of waiting) await rejects(one, /broken/);
  const later = shared.get("a", sent.send);
  sent.all[1].resolve("works");
  strictEqual(await later, "works");
});

Deno.test("a caller that leaves does not end what others wait for; the last one does", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [shared.get("a", sent.send, one.signal), shared.get("a", sent.send, other.signal)];
  one.abort();
  await rejects(waiting[0], { code: "interrupted" });
  strictEqual(sent.signals[0].aborted, false);
  other.abort();
  await rejects(waiting[1], { code: "interrupted" });
  strictEqual(sent.signals[0].aborted, true);
  // The next caller does not get the aborted one.
  const later = shared.get("a", sent.send);
  sent.all[1].resolve("new");
  strictEqual(await later, "new");
  await shared.idle();
});

Deno.test("a request without callers is not joined, however long it takes to end", async () => {
  const shared = new SharedRequests<string>();
  const slow = Promise.withResolvers<string>();
  const gone = new AbortController();
  const waiting = shared.get("a", () => slow.promise, gone.signal);
  gone.abort();
  await rejects(waiting, { code: "interrupted" });
  strictEqual(await shared.get("a", () => Promise.resolve("new")), "new");
  slow.resolve("late");
  await shared.idle();
});

Deno.test("what was forgotten is not joined", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const old = shared.get("a", sent.send);
  shared.forget("a");
  const next = shared.get("a", sent.send);
  sent.all[0].resolve("old");
  strictEqual(await old, "old");
  // The old one has ended, and the next may still be joined.
  const joined = shared.get("a", sent.send);
  strictEqual(sent.all.length, 2);
  sent.all[1].resolve("next");
  deepStrictEqual(await Promise.all([next, joined]), ["next", "next"]);
});

Deno.test("a caller that needs a current answer waits for the next request, as do others meanwhile", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const first = shared.getNext("a", sent.send);
  await settled();
  const late = [shared.getNext("a", sent.send), shared.getNext("a", sent.send)];
  await settled();
  strictEqual(sent.all.length, 1);
  sent.all[0].resolve("old");
  strictEqual(await first, "old");
  await settled();
  strictEqual(sent.all.length, 2);
  const later = shared.getNext("a", sent.send);
  sent.all[1].resolve("new");
  deepStrictEqual(await Promise.all(late), ["new", "new"]);
  await settled();
  sent.all[2].resolve("newest");
  strictEqual(await later, "newest");
});

Deno.test("a request that fails does not keep the next one from running", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const first = shared.getNext("a", sent.send);
  await settled();
  const next = shared.getNext("a", sent.send);
  sent.all[0].reject(new Error("broken"));
  await rejects(first, /broken/);
  await settled();
  sent.all[1].resolve("works");
  strictEqual(await next, "works");
});

Deno.test("idle waits for all, forgotten ones too", async () => {
  const [shared, sent] = [new SharedRequests<string>(), new Sent()];
  const answer = shared.get("a", sent.send);
  shared.forget("a");
  let isIdle = false;
  const idle = shared.idle().then(() => isIdle = true);
  await settled();
  strictEqual(isIdle, false);
  sent.all[0].resolve("done");
  await Promise.all([answer, idle]);
});

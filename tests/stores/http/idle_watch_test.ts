/** One rule for every connection: silence and trickling end it, what is slow but goes on does not. */

import { strictEqual } from "node:assert/strict";
import { IdleWatch, LEAST_BYTES_PER_SECOND } from "../../../src/stores/http/idle_watch.ts";

const PATIENCE_MS = 300;
const LONG = 3 * PATIENCE_MS;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until the watch has given up. */
async function givenUp(watch: IdleWatch): Promise<void> {
  if (watch.signal.aborted) return;
  await new Promise((resolve) => watch.signal.addEventListener("abort", resolve));
}

/** Has this share of the least rate come, every few milliseconds, while `goOn` says so; the watch, which is over then. */
async function receiving(share: number, goOn: (watch: IdleWatch) => boolean): Promise<IdleWatch> {
  const watch = new IdleWatch(PATIENCE_MS);
  let before = performance.now();
  while (goOn(watch)) {
    await pause(10);
    const now = performance.now();
    watch.received(share * LEAST_BYTES_PER_SECOND * (now - before) / 1000);
    before = now;
  }
  watch.stop();
  return watch;
}

Deno.test("a transfer below the minimum rate fails, however often bytes arrive", async () => {
  const watch = await receiving(0.2, (watch) => !watch.timedOut);
  strictEqual(watch.timedOut, true);
  strictEqual(watch.signal.aborted, true);
  strictEqual(watch.complaint, `less than ${LEAST_BYTES_PER_SECOND} bytes a second for 0.3 seconds`);
});

Deno.test("a transfer a little above the minimum rate continues", async () => {
  const start = performance.now();
  const watch = await receiving(1.5, () => performance.now() < start + LONG);
  strictEqual(watch.timedOut, false);
});

Deno.test("many bytes at once do not extend the time for silence", async () => {
  const watch = new IdleWatch(PATIENCE_MS);
  watch.received(1e9);
  await givenUp(watch);
  strictEqual(watch.complaint, "no answer for 0.3 seconds");
});

Deno.test("time in which nothing is expected does not count, and does not refill the budget", async () => {
  const watch = new IdleWatch(PATIENCE_MS);
  watch.pause();
  await pause(LONG);
  strictEqual(watch.timedOut, false);
  watch.resume();
  await givenUp(watch);
  const other = new IdleWatch(PATIENCE_MS);
  // A reader that pauses again and again: only the time in between counts.
  while (!other.timedOut) {
    other.pause();
    await pause(5);
    other.resume();
    await pause(20);
  }
});

Deno.test("time in which this program itself was busy does not count", async () => {
  const watch = new IdleWatch(PATIENCE_MS);
  await pause(10);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG);
  // What had come meanwhile is found now.
  await pause(50);
  strictEqual(watch.timedOut, false);
  watch.stop();
});

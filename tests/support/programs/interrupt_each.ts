/**
 * Runs the command line's `main` for each of many lists of words, given as JSON on standard input, and sends this process
 * SIGINT when the command has written to its output as often as is said, or begins to listen when that is 0. A command with an
 * `input` reads that file as its standard input. Prints what each ended with and how often it wrote after the signal, as JSON.
 * Without foreign functions, so that it sees what is written.
 */
import { main } from "../../../src/cli/main.ts";

const lists: { words: string[]; writes: number; input?: string }[] = JSON.parse(
  await new Response(Deno.stdin.readable).text(),
);
/** What a pipe gives at once. */
const PIPE_BYTES = 64 * 1024;
/** A bar is drawn ten times as often as usual, so that a command is in its loop also where that takes little. */
const INTERVAL_MS = 20;

const write = Deno.stdout.writeSync.bind(Deno.stdout);
let [left, atOnce, said] = [0, false, ""];

/** Resolves when the signal that was sent has come. */
let heard = Promise.withResolvers<void>();

function interrupt(): void {
  if (left-- === 1) Deno.kill(Deno.pid, "SIGINT");
}

function count(bytes: Uint8Array): number {
  said = (said + new TextDecoder().decode(bytes)).slice(-1000);
  interrupt();
  return bytes.length;
}
Deno.stdout.writeSync = count;
Deno.stdout.write = (bytes) => Promise.resolve(count(bytes));
Deno.stderr.writeSync = count;

const usualInterval = globalThis.setInterval;
globalThis.setInterval =
  ((work: () => void, milliseconds: number) =>
    usualInterval(work, Math.min(milliseconds, INTERVAL_MS))) as typeof usualInterval;

// One real listener for all: Deno 2.6 still calls those of commands that have ended.
const listeners = new Set<() => void>();
Deno.addSignalListener("SIGINT", () => {
  listeners.forEach((listener) => listener());
  heard.resolve();
});
Deno.addSignalListener = (signal, listener) => {
  if (signal !== "SIGINT") return;
  listeners.add(listener);
  if (atOnce) interrupt();
};
Deno.removeSignalListener = (_signal, listener) => void listeners.delete(listener);

const ends: [status: number, writesAfter: number, said: string][] = [];
for (const { words, writes, input } of lists) {
  using file = input === undefined ? undefined : Deno.openSync(input);
  if (file !== undefined) Deno.stdin.read = (into) => file.read(into.subarray(0, PIPE_BYTES));
  said = "";
  left = Math.max(1, writes);
  atOnce = writes === 0;
  heard = Promise.withResolvers<void>();
  const status = await main(words);
  ends.push([status, -left, said]);
  // The next command is not to hear of it, where this one was done before.
  if (left <= 0) await heard.promise;
}
write(new TextEncoder().encode(JSON.stringify(ends)));
Deno.exit();

/**
 * Runs the command line's `main` for each of many lists of words, given as JSON on standard input, and sends this process
 * SIGINT when the command has written to its output as often as is said, or has had a turn when that is 0. Prints what each
 * ended with, as JSON. Without foreign functions, so that it sees what is written.
 */
import { main } from "../../src/cli/main.ts";

const lists: { words: string[]; writes: number }[] = JSON.parse(
  await new Response(Deno.stdin.readable).text(),
);
const write = Deno.stdout.writeSync.bind(Deno.stdout);
let [left, said] = [0, ""];

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

const ends: [status: number, interrupted: boolean, said: string][] = [];
for (const { words, writes } of lists) {
  said = "";
  left = Math.max(1, writes);
  const turn = writes === 0 ? setTimeout(interrupt, 20) : undefined;
  const status = await main(words);
  clearTimeout(turn);
  ends.push([status, left < 1, said]);
}
write(new TextEncoder().encode(JSON.stringify(ends)));

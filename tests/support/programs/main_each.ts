/** Runs the command line's `main` for each of many lists of words, given as JSON on standard input: one process for all. */
import { main } from "../../../src/cli/main.ts";

const lists: string[][] = JSON.parse(await new Response(Deno.stdin.readable).text());
for (const words of lists) {
  const status = await main(words);
  Deno.stderr.writeSync(new TextEncoder().encode(`\0${status}\0`));
}

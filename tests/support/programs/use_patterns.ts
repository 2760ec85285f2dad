/** Uses the patterns that standard input lists on hostile text, and prints a line for each that is done. */

import { hostileText, type Pattern } from "../source/patterns.ts";

const { patterns, length }: { patterns: Pattern[]; length: number } = await new Response(Deno.stdin.readable)
  .json();
for (const pattern of patterns) {
  const all = new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`);
  for (const text of hostileText(pattern, length)) {
    if (pattern.splits) text.split(all);
    else if (/[gy]/.test(pattern.flags)) text.replaceAll(all, "");
    else text.search(all);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${pattern.place}\n`));
}

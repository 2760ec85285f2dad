/** Uses the patterns that standard input lists on hostile text, and prints a line when it begins, and for each that is done. */

import { hostileText, type Pattern } from "../source/patterns.ts";

/**
 * All texts are tried short first. What takes linear time on one takes less than a millisecond, and what takes its square some
 * hundred: the texts in between and above are tried in their length, which tells for certain.
 */
const SHARE = 10;
const SUSPICIOUS_MS = 10;

const { patterns, length }: { patterns: Pattern[]; length: number } = await new Response(Deno.stdin.readable)
  .json();
// It has begun.
Deno.stdout.writeSync(new TextEncoder().encode("\n"));
for (const pattern of patterns) {
  const all = new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`);
  const use = (text: string) => {
    const started = performance.now();
    if (pattern.splits) text.split(all);
    else if (/[gy]/.test(pattern.flags)) text.replaceAll(all, "");
    else text.search(all);
    return performance.now() - started;
  };
  const suspicious = new Set<number>();
  let number = 0;
  for (const text of hostileText(pattern, length / SHARE)) {
    if (use(text) > SUSPICIOUS_MS) suspicious.add(number);
    number++;
  }
  if (suspicious.size > 0) {
    number = 0;
    for (const text of hostileText(pattern, length)) if (suspicious.has(number++)) use(text);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${pattern.place}\n`));
}

/** Chooses of a long run what is worth keeping for the next ones, and for the tests. */
import type { Result } from "./campaign.ts";
import { Child } from "./child.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";

/** Larger inputs are not kept. */
const MOST_BYTES = 2048;

/** Keeps the inputs, smallest first, that each run something that those before do not. Returns how many. */
export async function keep(name: string, { corpus }: Result): Promise<number> {
  const noted = readCorpus(name).filter(({ note }) => note !== undefined);
  await using child = new Child(name, "coverage");
  const kept = [...noted];
  await child.run(noted.map(({ input }) => input));
  const candidates = corpus.filter((input) => input.length <= MOST_BYTES).sort((a, b) => a.length - b.length);
  for (const input of candidates) {
    const { news, shapes, failures } = await child.run([input]);
    if (news.length + shapes.length > 0 && failures.length === 0) kept.push({ input });
  }
  writeCorpus(name, kept);
  return kept.length;
}

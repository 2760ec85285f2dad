/** What the user may have meant. */

/** As many edits are a slip; with more, another word was meant. */
const MOST_EDITS = 3;

/**
 * The words that are like `text`: those that go on from it where there are any, otherwise those with the fewest edits
 * (a letter too many, missing, changed, or two swapped), as long as more than half of the letters stay.
 */
export function nearest(text: string, words: Iterable<string>): string[] {
  const candidates = [...new Set(words)].filter((word) => stem(word).length > 1).sort();
  const start = stem(text).toLowerCase();
  if (start.length > 1) {
    const longer = candidates.filter((word) => stem(word).startsWith(start));
    if (longer.length > 0) return longer;
  }
  let fewest = MOST_EDITS;
  let found: string[] = [];
  for (const word of candidates) {
    const edits = distance(start, stem(word));
    if (edits > fewest || 2 * edits >= Math.max(start.length, stem(word).length)) continue;
    if (edits < fewest) found = [];
    fewest = edits;
    found.push(word);
  }
  return found;
}

/** `did you mean --store?`, `undefined` when no word is near. */
export function didYouMean(text: string, words: Iterable<string>): string | undefined {
  const found = nearest(text, words);
  if (found.length === 0) return undefined;
  return `did you mean ${found.length > 1 ? "one of " : ""}${found.join(", ")}?`;
}

function stem(word: string): string {
  return word.replace(/^-+/, "");
}

/** Edits from one word to the other, a swap of neighbours counting as one. */
function distance(from: string, to: string): number {
  const width = to.length + 1;
  let before: number[] = [];
  let previous = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column < width; column++) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(
        previous[column] + 1,
        current[column - 1] + 1,
        previous[column - 1] + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (swapped) edits = Math.min(edits, before[column - 2] + 1);
      current.push(edits);
    }
    before = previous;
    previous = current;
  }
  return previous[width - 1];
}

/** Puts test files together that one process runs. */

/** With so many files, the start of a process for each takes longer than many of them. */
export const MANY_FILES = 24;

/** How many are put together: the last one to end must not keep all others waiting. */
const GROUP_SIZE = 16;

/** The same for files that take long. */
const LONG_GROUP_SIZE = 3;

/** What concerns a whole process: hooks run before and after all of its tests, and variables are seen by all of them. */
const ofTheProcess =
  /\bDeno\.(?:test\.(?:before|after)|env\.(?:set|delete)\(|chdir\(|read\w+\(["'`]\/proc\/self\b)/;

/**
 * The files in groups, each for one process. With few files each is a group of its own; so is one that changes or looks at its
 * process. Neighbours are in one group, as they need the same modules; those that take `long`, the longest first, are dealt out
 * to groups that take about as long as each other, and come first.
 */
export function groupsOf(
  files: readonly string[],
  long: readonly string[],
  textOf: (file: string) => string,
): string[][] {
  if (files.length < MANY_FILES) return files.map((file) => [file]);
  const together = files.filter((file) => !ofTheProcess.test(textOf(file)));
  const longest = together.filter((file) => long.includes(file));
  const others = together.filter((file) => !long.includes(file)).sort();
  const alone = files.filter((file) => !together.includes(file));
  return [...dealt(longest, LONG_GROUP_SIZE), ...cut(others, GROUP_SIZE), ...alone.map((file) => [file])];
}

function dealt(files: readonly string[], size: number): string[][] {
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, i) => files.filter((_, at) => at % count === i));
}

function cut(files: readonly string[], size: number): string[][] {
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i, i + 1].map((at) => Math.round(at * files.length / count));
    return files.slice(start, end);
  });
}

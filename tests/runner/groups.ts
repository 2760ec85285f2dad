/** Puts test files together that one process runs. */

/** With so many files, the start of a process for each takes longer than many of them. */
const MANY_FILES = 24;

/** How many are put together: the last one to end must not keep all others waiting. */
const GROUP_SIZE = 16;

/** What concerns a whole process: hooks run before and after all of its tests, and variables are seen by all of them. */
const ofTheProcess = /\bDeno\.(?:test\.(?:before|after)|env\.(?:set|delete)\(|chdir\()|\/proc\/self\b/;

/**
 * The files in groups, each for one process. With few files each is a group of its own; so is one that changes or looks at its
 * process, and every one of `alone`. Neighbours are in one group, as they need the same modules.
 */
export function groupsOf(
  files: readonly string[],
  alone: ReadonlySet<string>,
  textOf: (file: string) => string,
): string[][] {
  const isAlone = (file: string) => alone.has(file) || ofTheProcess.test(textOf(file));
  const together = files.length < MANY_FILES ? [] : files.filter((file) => !isAlone(file)).sort();
  const count = Math.ceil(together.length / GROUP_SIZE);
  const groups = Array.from({ length: count }, (_, i) => {
    const [start, end] = [i, i + 1].map((at) => Math.round(at * together.length / count));
    return together.slice(start, end);
  });
  const grouped = new Set(together);
  return [...groups, ...files.filter((file) => !grouped.has(file)).map((file) => [file])];
}

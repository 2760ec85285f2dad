/** Takes the arguments of a run apart: what is tested, and what every process is told about it. */

/** What is asked for. */
export interface Wanted {
  /** Files and directories; all if there are none. */
  readonly paths: readonly string[];
  /** Options of `deno test` for every process. */
  readonly options: readonly string[];
  /** Whether types are checked. */
  readonly check: boolean;
  /** Where coverage is collected, if it is. */
  readonly coverage?: string;
  /** The file for a report in JUnit's form, if there shall be one. */
  readonly junit?: string;
  /** What tests find as their own arguments, with the `--` in front of it. */
  readonly rest: readonly string[];
}

/**
 * Undefined when there is an option that one process alone can carry out, or that is unknown here: then the arguments
 * are for a single `deno test` as they are.
 */
export function parseArguments(args: readonly string[]): Wanted | undefined {
  const end = args.indexOf("--");
  const rest = end === -1 ? [] : args.slice(end);
  const left = end === -1 ? [...args] : args.slice(0, end);
  const [paths, options]: string[][] = [[], []];
  let check = true;
  let coverage: string | undefined;
  let junit: string | undefined;
  while (left.length > 0) {
    const word = left.shift()!;
    const [name, value] = word.split(/=(.*)/s);
    if (!word.startsWith("-")) paths.push(word);
    else if (word === "--no-check") check = false;
    else if (name === "--coverage") coverage = value ?? "coverage";
    else if (name === "--junit-path") junit = value ?? left.shift();
    else if (name === "--filter" || name === "--seed") options.push(name, value ?? left.shift() ?? "");
    else if (name === "--hide-stacktraces") options.push(word);
    else return undefined;
  }
  return { paths, options, check, coverage, junit, rest };
}

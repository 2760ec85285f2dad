/** What desync in Go has and this program has not yet: reported plainly, instead of suggesting something else. */

/** Commands. */
export const MISSING_COMMANDS: readonly string[] = [
  "mount-index",
];

/** Commands of casync that desync has under other names, or not at all, and what does their work here. */
export const CASYNC_COMMANDS: ReadonlyMap<string, string> = new Map([
  ["gc", "`desync prune -s STORE INDEX...` removes what no index names"],
  [
    "digest",
    "`desync verify-index INDEX FILE` compares a file with an index, `desync mtree` prints the digests of files",
  ],
  ["mkdev", "mounting is not supported yet; `desync cat -o OFFSET -l LENGTH INDEX` reads a part of a blob"],
  [
    "mount",
    "mounting is not supported yet; `desync untar -i INDEX TARGET PATH` unpacks a part of an archive",
  ],
  ["stat", "`desync mtree` prints what is recorded of each file"],
]);

/** Options, and the commands that have them there. */
export const MISSING_OPTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ["--manual", ["manpage"]],
  ["--section", ["manpage"]],
  ["--source", ["manpage"]],
  ["--title", ["manpage"]],
]);

/** Does desync have that option for that command? Only asked for options that this program does not know. */
export function isMissingOption(option: string, command: string | undefined): boolean {
  return command !== undefined && (MISSING_OPTIONS.get(option)?.includes(command) ?? false);
}

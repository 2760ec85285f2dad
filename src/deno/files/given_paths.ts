/** Which paths of the user's the program opens by other names: aliases of path_alias.ts. */

const given = new Map<string, string>();

/** Takes down what an alias stands for. */
export function notePath(alias: string, path: string): void {
  given.set(alias, path);
}

/** The path that the alias stands for, and any other as it is. */
export function givenPath(path: string): string {
  return given.get(path) ?? path;
}

/** A text in which no alias is left: paths that are not UTF-8 are shown with U+FFFD, as Deno does. */
export function withGivenPaths(text: string): string {
  let restored = text;
  // The longest first: one may begin as another does.
  for (const alias of [...given.keys()].sort((a, b) => b.length - a.length)) {
    restored = restored.replaceAll(alias, given.get(alias)!.toWellFormed());
  }
  return restored;
}

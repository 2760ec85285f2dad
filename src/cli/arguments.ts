/** What stands for the words in angle brackets, in options and in arguments of commands. */

/** What can be given: a kind of file, one of some words, or text that nobody can guess. */
export type ArgumentKind = "index" | "archive" | "file" | "folder" | "words" | "text";

const KINDS: ReadonlyMap<string, ArgumentKind> = new Map([
  ["index", "index"],
  ["archive", "archive"],
  ["file", "file"],
  ["output", "file"],
  ["folder", "folder"],
  ["location", "folder"],
  ["store", "folder"],
  ["target", "folder"],
  ["source", "folder"],
]);

/** The kind of `<name>`; what has no kind of its own is text. */
export function kindOf(name: string): ArgumentKind {
  return KINDS.get(name) ?? "text";
}

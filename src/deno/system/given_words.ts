/** The words of the command line as they were given: Deno puts U+FFFD in the place of bytes that are not UTF-8. */
import { nameText } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { mayRead, processWords } from "./permitted.ts";

const REPLACEMENT = "\uFFFD";

/** The words as texts of {@linkcode nameText}. Throws `usage` for a word with bytes that cannot be had. */
export function givenWords(args: readonly string[]): readonly string[] {
  const changed = args.find((word) => word.includes(REPLACEMENT));
  if (changed === undefined) return args;
  const words = lastWords(processWords(), args.length);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  if (words.length === args.length && words.every((bytes, i) => decoder.decode(bytes) === args[i])) {
    return words.map(nameText);
  }
  throw new DesyncError("usage", {
    problem: "Invalid",
    subject: `argument ${JSON.stringify(changed)}`,
    reason: "it is not UTF-8",
    hint: "its bytes can be had on Linux, with -A",
  });
}

function lastWords(bytes: Uint8Array, count: number): Uint8Array[] {
  const words: Uint8Array[] = [];
  for (let end = bytes.length - 1; end >= 0 && words.length < count;) {
    const start = bytes.lastIndexOf(0, end - 1) + 1;
    words.push(bytes.subarray(start, end));
    end = start - 1;
  }
  return words.reverse();
}

/** Throws `unsupported` where the current directory has a name that is not UTF-8: Deno starts no thread there. */
export function checkCurrentDirectory(): void {
  try {
    if (mayRead(".")) Deno.cwd();
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) return;
    throw new DesyncError("unsupported", {
      action: "run here",
      reason: "the name of the current directory is not UTF-8",
      hint: "change to another one",
      cause: error,
    });
  }
}

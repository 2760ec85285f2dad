/**
 * What a command reads is what it lists, and what all commands have: all else does not compile. Nothing of this runs: the
 * check of the types says when a line that has to be wrong for the compiler is none, or another one is.
 */
import { argument, type ArgumentValues } from "../../../src/cli/argument.ts";
import { command, type FlagsOf } from "../../../src/cli/command.ts";
import { chunkSize, start } from "../../../src/cli/flags/chunking.ts";
import { threads } from "../../../src/cli/flags/threads.ts";

const args = { file: argument("file") };
const flags = { start };
type Args = ArgumentValues<typeof args>;
type Flags = FlagsOf<typeof flags>;

function run({ file }: Args, flags: Flags): Promise<number> {
  const listed: number = flags.start;
  const ofAll: boolean = flags.verbose;
  const text: string = file;
  // @ts-expect-error: there is such an option, which this command does not list
  const unlisted = flags.length;
  // @ts-expect-error: a number has no length
  const mistyped = flags.start.length;
  // @ts-expect-error: a string is not read as a file
  const argument = file.bytes;
  return Promise.resolve([listed, ofAll, text, unlisted, mistyped, argument].length);
}

const texts = { description: "", examples: [] };

export const toy = command({ args, flags, ...texts, code: () => Promise.resolve({ run }) });

const ofChunk = { args, ...texts, code: () => import("../../../src/cli/run/chunk.ts") };

export const chunk = command({ ...ofChunk, flags: { chunkSize, start, threads } });

// @ts-expect-error: what chunk runs reads one more option than these
export const chunkWithout = command({ ...ofChunk, flags: { chunkSize, threads } });

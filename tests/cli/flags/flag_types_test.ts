/** What a command reads is what it lists: all else does not compile. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { repository, runAny } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

const cli = pathToFileURL(join(repository, "src", "cli")).href;

/** A command that lists `--start` and one argument, and what its code reads. */
function commandThat(reads: string): string {
  return `import { argument, type ArgumentValues } from "${cli}/argument.ts";
import { command, type FlagsOf } from "${cli}/command.ts";
import { start } from "${cli}/flags/chunking.ts";

const args = { file: argument("file") };
const flags = { start };
type Args = ArgumentValues<typeof args>;
type Flags = FlagsOf<typeof flags>;

async function run({ file }: Args, flags: Flags): Promise<number> {
  return await Promise.resolve(${reads});
}

export const toy = command({
  args,
  flags,
  description: "",
  examples: [],
  code: () => Promise.resolve({ run }),
});
`;
}

/** The definition of chunk, to be put elsewhere. */
const chunk = Deno.readTextFileSync(join(repository, "src", "cli", "commands", "chunk.ts"))
  .replaceAll('"../', `"${cli}/`);

/** What is wrong with the sources for the compiler, one text for each; with one at least something is. */
async function problemsOf(sources: readonly string[]): Promise<string[]> {
  using dir = tempDir();
  const files = sources.map((source, i) => dir.write(`toy${i}.ts`, source));
  const config = join(repository, "deno.json");
  const args = ["check", "--no-lock", "--config", config, ...files];
  const { code, stderr } = await runAny(Deno.execPath(), args, { env: { NO_COLOR: "1" } });
  strictEqual(code, 1, stderr);
  const problems = stderr.split(/\n\n(?=TS\d+ )/);
  for (const problem of problems) match(problem, /\/toy\d+\.ts:/);
  return sources.map((_, i) => problems.filter((text) => text.includes(`/toy${i}.ts:`)).join("\n"));
}

Deno.test("a command reads the options that it lists and those of all commands; all else does not compile", async () => {
  const without = chunk.replace("{ chunkSize, start, threads }", "{ chunkSize, threads }");
  notStrictEqual(without, chunk);
  const [fine, whole, unlisted, mistyped, argument, taken] = await problemsOf([
    commandThat("flags.start + file.length + Number(flags.verbose)"),
    chunk,
    commandThat("flags.start + flags.length"),
    commandThat("flags.start.length"),
    commandThat("file.bytes"),
    // The code is where it always is, and reads it.
    without,
  ]);
  deepStrictEqual([fine, whole], ["", ""]);
  match(unlisted, /Property 'length' does not exist on type 'Values</);
  match(mistyped, /Property 'length' does not exist on type 'number'/);
  match(argument, /Property 'bytes' does not exist on type 'string'/);
  match(taken, /Property 'start' is missing/);
});

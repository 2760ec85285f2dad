/** `desync chunk FILE` */
import { DesyncError } from "../../errors.ts";
import { makeFromFile } from "../../jobs/make.ts";
import { checkUnchanged, inspectSource } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { inputPath } from "../local_path.ts";
import { print } from "../output.ts";

/** Prints the chunks. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [input] = args;
  inputPath(input);
  const source = inspectSource(input);
  const { start, chunkSize: sizes } = flags;
  if (start > source.size) {
    throw new DesyncError("usage", `Cannot begin at byte ${start}: ${input} has ${source.size} bytes`);
  }
  using pool = new WorkerPool(flags.concurrency);
  const options = { sizes, digest: flags.digest ?? "sha512-256", signal };
  const { index } = await makeFromFile({ path: input, start, end: source.size }, pool, options);
  checkUnchanged(input, source);
  for (let i = 0; i < index.count; i++) {
    print(`${start + index.start(i)}\t${index.length(i)}\t${index.id(i)}\n`);
  }
  return DONE;
}

/** `desync chunk FILE` */
import { DesyncError } from "../../errors.ts";
import { makeFromFile } from "../../jobs/make.ts";
import { checkUnchanged, inspectSource } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import type { Args, Flags } from "../commands/chunk.ts";
import { DONE } from "../exit_status.ts";
import { inputPath } from "../local_path.ts";
import { print } from "../output.ts";

/** Prints the chunks. */
export async function run({ file }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  inputPath(file);
  const source = inspectSource(file);
  const { start, chunkSize: sizes } = flags;
  if (start > source.size) {
    throw new DesyncError("usage", {
      action: "begin at",
      subject: `byte ${start}`,
      reason: `${file} has ${source.size} bytes`,
    });
  }
  using pool = new WorkerPool(flags.threads);
  const options = { sizes, digest: flags.digest ?? "sha512-256", signal };
  const { index } = await makeFromFile({ path: file, start, end: source.size }, pool, options);
  checkUnchanged(file, source);
  for (let i = 0; i < index.count; i++) {
    print(`${start + index.start(i)}\t${index.length(i)}\t${index.id(i)}\n`);
  }
  return DONE;
}

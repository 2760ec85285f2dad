/** `desync chunk FILE` */
import { makeFromFile } from "../../deno/make.ts";
import type { Args, Flags } from "../commands/chunk.ts";
import { DONE } from "../exit_status.ts";
import { checkInputPath } from "../inputs/local_path.ts";
import { print } from "../output/output.ts";

/** Prints the chunks. */
export async function run({ file }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  checkInputPath(file);
  const { start, chunkSize: sizes, digest, threads } = flags;
  const { index } = await makeFromFile(file, { start, sizes, digest, threads, signal });
  for (let i = 0; i < index.count; i++) {
    print(`${start + index.start(i)}\t${index.length(i)}\t${index.id(i)}\n`);
  }
  return DONE;
}

/** `desync make INDEX FILE` */
import { makeFromFile, makeFromStream } from "../../deno/make.ts";
import { inspectSource } from "../../deno/files/source_file.ts";
import { Progress } from "../../core/progress.ts";
import type { Args, Flags } from "../commands/make.ts";
import { DONE } from "../exit_status.ts";
import { reportingKeptChunks } from "../output/interruption.ts";
import { checkInputPath, refuseSameFile, refuseSwapped } from "../inputs/local_path.ts";
import { openPublisher } from "../output/publisher.ts";
import { Locator } from "../locator.ts";
import { printError } from "../output/output.ts";
import { showProgress } from "../output/progress.ts";
import { storingOptions } from "../output/storing_options.ts";

/** Cuts the file, stores its chunks, and writes the index last. */
export async function run({ index: output, file }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  checkInputPath(file);
  await using locator = new Locator(flags);
  const target = await locator.indexTarget(output);
  refuseSameFile(output, file);
  refuseSwapped(output, file);
  // Before a store is made.
  if (file !== "-") inspectSource(file, "copy it to one first, or give it to standard input and `-` as FILE");
  await target.check(signal);
  const store = await locator.storeToFill(flags.targetStore);
  const publishDeltas = await openPublisher(output, flags, store, locator, signal);
  const progress = new Progress();
  const { chunkSize: sizes, digest } = flags;
  const options = { store, ...storingOptions(flags), sizes, digest, signal, progress };
  const made = await reportingKeptChunks(flags.targetStore, async () => {
    const made = await (async () => {
      using _display = showProgress(progress, flags, { label: "Chunking", stored: "stored" });
      return file === "-"
        ? await makeFromStream(Deno.stdin.readable, { ...options, name: "standard input", ownsPieces: true })
        : await makeFromFile(file, options);
    })();
    // The index comes last: who finds it finds the rest.
    await publishDeltas?.(made.index, file === "-" ? { stores: store === undefined ? [] : [store] } : file);
    await target.write(made.index, signal);
    return made;
  });
  if (flags.printStats) {
    // The first two are desync's, and so is standard error: the index may be on standard output.
    const statistics = {
      ChunksAccepted: made.index.count,
      ChunksProduced: made.index.count,
      ChunksStored: made.added,
      BytesTotal: made.index.size,
      BytesStored: made.addedBytes,
    };
    printError(`${JSON.stringify(statistics, null, 2)}\n`);
  }
  return DONE;
}

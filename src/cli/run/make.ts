/** `desync make INDEX FILE` */
import { makeFromFile, makeFromStream } from "../../jobs/make.ts";
import { Progress } from "../../jobs/progress.ts";
import { featuresAtStart } from "../../formats/archive_node.ts";
import { checkUnchanged, inspectSource, startOfFile } from "../../deno/source_file.ts";
import { WorkerPool } from "../../workers/pool.ts";
import type { Args, Flags } from "../commands/make.ts";
import { DONE } from "../exit_status.ts";
import { sayingChunksAreKept } from "../interruption.ts";
import { inputPath, refuseSameFile, refuseSwapped } from "../local_path.ts";
import { Locator } from "../open.ts";
import { printError } from "../output.ts";
import { showProgress } from "../progress.ts";

/** Cuts the file, stores its chunks, and writes the index last. */
export async function run({ index: output, file }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  inputPath(file);
  const locator = new Locator(flags);
  const target = await locator.indexTarget(output);
  refuseSameFile(output, file);
  refuseSwapped(output, file);
  const source = file === "-" ? undefined : inspectSource(file);
  await target.check(signal);
  using store = await locator.storeToFill(flags.targetStore, flags);
  const progress = new Progress();
  progress.total = source?.size ?? 0;
  const digest = flags.digest ?? "sha512-256";
  // An archive's index has the archive's feature flags: casync reads no other.
  const features = source === undefined ? undefined : featuresAtStart(startOfFile(file, source));
  const destination = store?.destination;
  const options = { sizes: flags.chunkSize, digest, flags: features, destination, signal, progress };
  using pool = new WorkerPool(flags.concurrency);
  const made = await sayingChunksAreKept(destination?.directory, async () => {
    using _display = showProgress(progress, flags, { label: "Chunking", stored: "stored" });
    const made = source === undefined
      ? await makeFromStream("standard input", Deno.stdin.readable, pool, options)
      : await makeFromFile({ path: file, start: 0, end: source.size }, pool, options);
    if (source !== undefined) checkUnchanged(file, source);
    store?.check();
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

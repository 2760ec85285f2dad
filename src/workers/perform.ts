/** Does the tasks, on a worker's thread or on the main one. */
import { ownBuffer } from "../core/bytes.ts";
import { encodeChunk } from "../codec/encode_chunk.ts";
import { openByEitherDigest, type OpenedChunk } from "../codec/open_chunk.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { Assembler } from "./assembler.ts";
import { ChunkGroup } from "./chunk_group.ts";
import { cloneRanges } from "./clone.ts";
import { CutWorker } from "./cut.ts";
import { DeltaWorker } from "./delta_worker.ts";
import { Directories } from "./directories.ts";
import type {
  CloneTask,
  FlushTask,
  OpenTask,
  ReleaseTask,
  ScanTask,
  Task,
  VerifyTask,
} from "../transfer/messages.ts";
import type { SketchTask } from "../transfer/delta_messages.ts";
import { NearSources } from "./near_source.ts";
import { SeedFiles } from "./seed_files.ts";
import { verifyDirectories } from "./verify.ts";

/** What came of a task. */
interface Performed {
  readonly result: unknown;
  /** What of the result is moved to the main thread instead of being copied. */
  readonly moved: ArrayBuffer[];
}

/** One for each thread: keeps files open from task to task, until it is given a release. */
export class Performer {
  readonly #directories = new Directories();
  readonly #group = new ChunkGroup();
  readonly #seeds = new SeedFiles();
  readonly #assembler = new Assembler(this.#directories, this.#seeds, new NearSources(), this.#group);
  readonly #cutter = new CutWorker(this.#directories);
  readonly #delta = new DeltaWorker(this.#seeds);

  /** Does the task. Throws what is wrong. */
  perform(task: Exclude<Task, FlushTask>): Performed {
    if (task.kind === "open") {
      const { id, stored } = openAndEncode(task);
      return { result: { id, stored }, moved: ownBuffer(stored.bytes) };
    }
    if (task.kind === "frame") {
      const result = this.#delta.frame(task);
      return { result, moved: ownBuffer(result.frame) };
    }
    if (task.kind === "patch") {
      const result = this.#delta.patch(task);
      return { result, moved: result.bytes === undefined ? [] : ownBuffer(result.bytes) };
    }
    if (task.kind !== "assemble" && task.kind !== "store") {
      return { result: this.#performInside(task), moved: [] };
    }
    const result = task.kind === "assemble" ? this.#assembler.run(task) : this.#cutter.store(task);
    const back = result.bytes.filter((bytes) => bytes !== undefined);
    const encoded = result.encoded.map(({ stored }) => stored.bytes);
    return { result, moved: [...back, ...encoded].flatMap(ownBuffer) };
  }

  /**
   * Gives the chunks that were stored their names. Returns when all of it is on the disk; other tasks may be done
   * meanwhile.
   */
  async flush(): Promise<void> {
    await this.#directories.flush();
  }

  #performInside(task: CloneTask | ScanTask | VerifyTask | SketchTask | ReleaseTask): unknown {
    switch (task.kind) {
      case "sketch":
        return this.#delta.sketch(task);
      case "clone":
        return cloneRanges(task, this.#seeds);
      case "scan":
        return this.#cutter.scan(task);
      case "verify":
        return verifyDirectories(task, this.#directories.at(task), this.#group);
      case "release":
        this.#assembler.release();
        this.#seeds.release();
        this.#cutter.release();
        this.#delta.release();
    }
  }
}

function openAndEncode({ id, stored, encoding }: OpenTask): OpenedChunk {
  return encodeChunk(nativeCodec, openByEitherDigest(nativeCodec, stored, id), encoding);
}

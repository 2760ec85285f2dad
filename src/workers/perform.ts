/** In a worker: what is done for each kind of task. */
import { ownBuffer } from "../bytes.ts";
import { preferSystemDigest } from "../deno/native_codec.ts";
import { Assembler } from "./assemble.ts";
import { CutWorker } from "./cut.ts";
import { Folders } from "./folders.ts";
import type { Task } from "../jobs/tasks.ts";
import { verifyFolders } from "./verify.ts";

preferSystemDigest();
const folders = new Folders();
const assembler = new Assembler(folders);
const cutter = new CutWorker(folders);

/** What came of a task. */
export interface Performed {
  readonly result: unknown;
  /** What of the result is moved to the main thread instead of being copied. */
  readonly moved: ArrayBuffer[];
}

/** Does the task. */
export function perform(task: Task): Performed {
  if (task.kind !== "assemble") return { result: performInside(task), moved: [] };
  const result = assembler.run(task);
  return { result, moved: result.bytes.flatMap((bytes) => bytes === undefined ? [] : ownBuffer(bytes)) };
}

function performInside(task: Exclude<Task, { kind: "assemble" }>): unknown {
  switch (task.kind) {
    case "scan":
      return cutter.scan(task);
    case "store":
      return cutter.store(task);
    case "verify":
      return verifyFolders(task);
    case "release":
      assembler.release();
      cutter.release();
  }
}

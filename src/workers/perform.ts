/** In a worker: what is done for each kind of task. */
import { preferSystemDigest } from "../deno/native_codec.ts";
import { Assembler } from "./assemble.ts";
import { CutWorker } from "./cut.ts";
import { Folders } from "./folders.ts";
import type { Task } from "./messages.ts";
import { verifyFolders } from "./verify.ts";

preferSystemDigest();
const folders = new Folders();
const assembler = new Assembler(folders);
const cutter = new CutWorker(folders);

/** Does the task and returns its result. */
export function perform(task: Task): unknown {
  switch (task.kind) {
    case "assemble":
      return assembler.run(task);
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

/**
 * The worker's module. Imported by the main program too, where it does nothing: that import is what makes
 * `deno compile` put it into the executable.
 */
import { errorToWire } from "../errors.ts";
import { preferSystemDigest } from "../deno/native_codec.ts";
import { Assembler } from "./assemble.ts";
import { CutWorker } from "./cut.ts";
import { Folders } from "./folders.ts";
import type { Reply, Request, Task } from "./messages.ts";
import { verifyFolders } from "./verify.ts";

/** Where pool.ts finds this module. */
export const WORKER_URL: string = import.meta.url;

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(reply: Reply): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

function isWorkerScope(scope: unknown): scope is WorkerScope {
  return typeof scope === "object" && "DedicatedWorkerGlobalScope" in globalThis;
}

const scope: unknown = globalThis;
if (isWorkerScope(scope)) serve(scope);

function serve(scope: WorkerScope): void {
  preferSystemDigest();
  const folders = new Folders();
  const assembler = new Assembler(folders);
  const cutter = new CutWorker(folders);

  const perform = (task: Task): unknown => {
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
  };

  scope.onmessage = ({ data: { number, task } }) => {
    try {
      scope.postMessage({ kind: "done", number, result: perform(task) });
    } catch (error) {
      scope.postMessage({ kind: "failed", number, error: errorToWire(error) });
    }
  };
}

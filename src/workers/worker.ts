/**
 * The worker's module. Imported by the main program too, where it does nothing: that import is what makes
 * `deno compile` put it into the executable.
 */
import { errorToWire } from "../errors.ts";
import { Assembler } from "./assemble.ts";
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
  const assembler = new Assembler();

  const perform = (task: Task): unknown => {
    switch (task.kind) {
      case "assemble":
        return assembler.run(task);
      case "verify":
        return verifyFolders(task);
      case "release":
        return assembler.release();
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

/**
 * The worker's module. Imported by the main program too, where it does nothing: that import is what makes
 * `deno compile` put it into the executable.
 */
import { errorToWire } from "../core/errors.ts";
import type { Reply, Request } from "../transfer/messages.ts";
import type { Performer } from "./perform.ts";
import { PROGRAM_WORKER_NAME, WORKER_NAME } from "./worker_name.ts";

/** Where this module is, for a program that is one file. */
export const WORKER_URL: string = import.meta.url;

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  readonly name: string;
  postMessage(reply: Reply, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

function isWorkerScope(scope: unknown): scope is WorkerScope {
  return typeof scope === "object" && scope !== null && "name" in scope &&
    (scope.name === WORKER_NAME || scope.name === PROGRAM_WORKER_NAME);
}

const scope: unknown = globalThis;
if (isWorkerScope(scope)) serve(scope);

function serve(scope: WorkerScope): void {
  // Loaded while messages are listened for: what is posted to a module that still waits for its imports is lost.
  const loaded = start(scope.name === PROGRAM_WORKER_NAME);

  scope.onmessage = async ({ data: { number, task } }) => {
    try {
      const performer = await loaded;
      const { result, moved } = task.kind === "flush"
        ? { result: await performer.flush(), moved: [] }
        : performer.perform(task);
      scope.postMessage({ kind: "done", number, result }, moved);
    } catch (error) {
      scope.postMessage({ kind: "failed", number, error: errorToWire(error) }, []);
    }
  };
}

/** Loads what does the work. */
async function start(isProgram: boolean): Promise<Performer> {
  const [{ Performer }, { preferSystemLibraries }, { hashByLanes }, { sha512256Lanes }] = await Promise.all([
    import("./perform.ts"),
    import("../deno/system/libraries.ts"),
    import("../deno/codec/native_codec.ts"),
    import("../deno/codec/lanes/sha512_lanes.ts"),
  ]);
  preferSystemLibraries(isProgram);
  // The memory that they take stays when the thread ends.
  if (isProgram) hashByLanes(sha512256Lanes);
  return new Performer();
}

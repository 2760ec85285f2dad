/**
 * The worker's module. Imported by the main program too, where it does nothing: that import is what makes
 * `deno compile` put it into the executable.
 */
import { errorToWire } from "../core/errors.ts";
import type { Reply, Request } from "../transfer/messages.ts";
import type { Performer } from "./perform.ts";

/** Where pool.ts finds this module. */
export const WORKER_URL: string = import.meta.url;
/** What it calls its threads: others of this program are none of these. */
export const WORKER_NAME = "chunks";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(reply: Reply, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

function isWorkerScope(scope: unknown): scope is WorkerScope {
  return typeof scope === "object" && scope !== null && "name" in scope && scope.name === WORKER_NAME;
}

const scope: unknown = globalThis;
if (isWorkerScope(scope)) serve(scope);

function serve(scope: WorkerScope): void {
  // Loaded while messages are listened for: what is posted to a module that still waits for its imports is lost.
  const loaded = start();

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

async function start(): Promise<Performer> {
  const [{ Performer }, { preferSystemCodec }, { preferSystemStat }] = await Promise.all([
    import("./perform.ts"),
    import("../deno/codec/native_codec.ts"),
    import("../deno/store/stored_file.ts"),
  ]);
  preferSystemCodec();
  preferSystemStat();
  return new Performer();
}

/**
 * The module of a server's other threads. Imported by the main program too, where it does nothing: that import is what
 * makes `deno compile` put it into the executable.
 */
import { errorToWire } from "../../core/errors.ts";
import type { ServerThread, ThreadOptions } from "./server_thread.ts";
import type { NumberedOrder, Order, Report } from "./worker_messages.ts";

/** Where server_workers.ts finds this module. */
export const SERVER_WORKER_URL: string = import.meta.url;
/** What it calls its threads: others of this program are none of these. */
export const SERVER_WORKER_NAME = "server";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(report: Report): void;
  onmessage: ((event: MessageEvent<NumberedOrder>) => void) | null;
}

function isWorkerScope(scope: unknown): scope is WorkerScope {
  return typeof scope === "object" && scope !== null && "name" in scope && scope.name === SERVER_WORKER_NAME;
}

const scope: unknown = globalThis;
if (isWorkerScope(scope)) listen(scope);

function listen(scope: WorkerScope): void {
  const stopping = new AbortController();
  let thread: ServerThread | undefined;
  const obey = async (order: Order): Promise<void> => {
    switch (order.kind) {
      case "start":
        thread = await start(scope, order.options, stopping.signal);
        return;
      case "reload":
        return await thread?.reload(order.reload);
      case "stop":
        stopping.abort();
        await thread?.server.stop();
        await thread?.[Symbol.asyncDispose]();
    }
  };
  scope.onmessage = async ({ data: order }) => {
    const { number } = order;
    try {
      await obey(order);
      scope.postMessage({ kind: "done", number });
    } catch (error) {
      scope.postMessage({ kind: "failed", number, error: errorToWire(error) });
    }
  };
}

/** Loaded while messages are listened for: what is posted to a module that still waits for its imports is lost. */
async function start(scope: WorkerScope, options: ThreadOptions, signal: AbortSignal): Promise<ServerThread> {
  const [{ startThread }, { openLog }, { sendWarnings }] = await Promise.all([
    import("./server_thread.ts"),
    import("./server_log.ts"),
    import("../output/output.ts"),
  ]);
  sendWarnings((sentence) => scope.postMessage({ kind: "warning", sentence }));
  await using resources = new AsyncDisposableStack();
  const log = resources.use(
    openLog(options.served.flags, (text) => scope.postMessage({ kind: "log", text })),
  );
  const thread = resources.use(await startThread(options, log, signal));
  const kept = resources.move();
  return { ...thread, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

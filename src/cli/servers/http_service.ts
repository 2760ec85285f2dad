/** Serves over HTTP until the user stops it: what chunk-server and index-server have in common. */
import { HttpServer } from "../../deno/server/http_server.ts";
import { type ListenAddress, parseListenAddress, passedSockets } from "../../deno/server/listen_address.ts";
import { readServerTls } from "../../deno/server/tls.ts";
import type { Handler } from "../../servers/handler.ts";
import { Metrics, METRICS_BYTES } from "../../servers/metrics.ts";
import { plainAnswer } from "../../servers/statuses.ts";
import { answerHealth, answerMetrics } from "../../servers/monitoring.ts";
import { warn } from "../output/output.ts";
import { expectedAuthorization } from "./expected_authorization.ts";
import { onHangUp } from "./on_hang_up.ts";
import { openLog } from "./server_log.ts";
import { type Reload, reportFailure, startThread, type ThreadOptions } from "./server_thread.ts";
import { checkWorkers, ServerWorkers } from "./server_workers.ts";
import { type Served, shareOf } from "./service.ts";

/**
 * Listens, answers, and resolves when it was stopped and all is answered. Throws `usage` and `io` when it cannot begin, and
 * `io` when a worker ends.
 */
export async function serveHttp(served: Served, signal: AbortSignal): Promise<void> {
  const { flags } = served;
  const authorization = expectedAuthorization(flags.authorization);
  const addresses = addressesOf(flags.listen);
  checkWorkers(flags, served.kind, addresses);
  const reusePort = flags.workers > 1;
  if (reusePort) await checkFree(addresses);
  const tls = readServerTls(flags);
  const options: ThreadOptions = {
    served: shareOf(served, flags.workers),
    addresses,
    reusePort,
    tls,
    authorization,
    metricsMemory: new SharedArrayBuffer(flags.workers * METRICS_BYTES),
    thread: 0,
  };
  await using log = openLog(flags);
  using workers = new ServerWorkers((lines) => log?.addLines(lines));
  await using main = await startThread(options, log, signal);
  const ports = main.server.addresses.filter(({ kind }) => kind === "port");
  await workers.start(flags.workers - 1, { ...options, addresses: ports });
  await using metricsServer = flags.metricsListen === undefined ? undefined : await HttpServer.listen(
    answerHealth(answerMetrics(notHere, new Metrics(options.metricsMemory))),
    flags.metricsListen.map(parseListenAddress),
    { onFailure: reportFailure },
  );
  const reload = async (what: Reload) => {
    await main.reload(what);
    await workers.reload(what);
  };
  const hangUp = onHangUp([
    () => log?.reopen(),
    () => tls && reload({ kind: "tls", tls: readServerTls(flags) ?? tls }),
    async () => {
      if (!("storeFile" in flags) || flags.storeFile === undefined) return;
      await reload({ kind: "stores" });
      warn(`serving ${main.service.name} from now on`);
    },
  ]);
  try {
    // Who reads this may send signals.
    for (const url of main.server.urls) warn(`serving ${main.service.name} on ${url}`);
    for (const url of metricsServer?.urls ?? []) warn(`serving metrics on ${url}/-/metrics`);
    await Promise.race([untilAborted(signal), workers.failed]);
  } finally {
    // The metrics of what is being answered last are wanted as well.
    await Promise.all([hangUp[Symbol.asyncDispose](), main.server.stop(), workers.stop()]);
  }
}

const notHere: Handler = () => plainAnswer(404, "only /-/metrics and /-/health are here");

function addressesOf(texts: readonly string[] | undefined): ListenAddress[] {
  if (texts !== undefined) return texts.map(parseListenAddress);
  const passed = passedSockets();
  return passed.length > 0 ? passed : [parseListenAddress(":http")];
}

/** Throws `io` for ports that others have: those that share theirs would get only a part of the connections. */
async function checkFree(addresses: readonly ListenAddress[]): Promise<void> {
  const ports = addresses.filter((address) => address.kind === "port");
  await (await HttpServer.listen(notHere, ports)).stop(0);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

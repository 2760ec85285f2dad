/** Serves over HTTP until the user stops it: what chunk-server and index-server have in common. */
import { AccessLog, logFile } from "../../deno/server/access_log.ts";
import { HttpServer, type ServeOptions } from "../../deno/server/http_server.ts";
import { type ListenAddress, parseListenAddress, passedSockets } from "../../deno/server/listen_address.ts";
import { readServerTls } from "../../deno/server/tls.ts";
import { messageOf } from "../../core/errors.ts";
import { requireAuthorization } from "../../servers/authorization.ts";
import { withCors } from "../../servers/cors.ts";
import type { Handler } from "../../servers/exchange.ts";
import type { Metrics } from "../../servers/metrics.ts";
import { plainAnswer } from "../../servers/statuses.ts";
import { answerHealth, answerMetrics, measured } from "../../servers/watched.ts";
import type { SERVER_FLAGS } from "../flags/serving.ts";
import type { Values } from "../flags/flag.ts";
import { warn } from "../output/output.ts";
import { logToStandardOutput } from "./standard_log.ts";
import type { Service } from "./replaceable.ts";

/** What the command line says of every server. */
export type ServerFlags = Values<typeof SERVER_FLAGS>;

/** How a service is served. */
export interface HttpServiceOptions {
  readonly metrics: Metrics;
  /** The header that requests must have, if any. */
  readonly authorization: string | undefined;
  /** Reads again what can have changed. Throws when it does not do: then all stays as it is. */
  readonly reload?: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Listens, answers, and resolves when it was stopped and all is answered. Throws `usage` and `io` when it cannot begin. */
export async function serveHttp(
  service: Service,
  flags: ServerFlags,
  options: HttpServiceOptions,
): Promise<void> {
  const { metrics, signal } = options;
  const tls = readServerTls(flags);
  await using log = openLog(flags);
  const { reusePort } = flags;
  const serveOptions: ServeOptions = { tls, reusePort, onAnswered: log?.add, onFailure: reportFailure };
  const handler = withExtras(service.handler, flags, options);
  await using server = await HttpServer.listen(handler, addressesOf(flags.listen), serveOptions);
  await using metricsServer = flags.metricsListen === undefined ? undefined : await HttpServer.listen(
    answerHealth(answerMetrics(notHere, metrics)),
    flags.metricsListen.map(parseListenAddress),
    { onFailure: reportFailure },
  );
  {
    using _ = onHangUp([
      () => log?.reopen(),
      () => tls && server.renewTls(readServerTls(flags) ?? tls),
      async () => {
        if (options.reload === undefined) return;
        await options.reload();
        warn(`serving ${service.name} from now on`);
      },
    ]);
    // Who reads this may send signals.
    for (const url of server.urls) warn(`serving ${service.name} on ${url}`);
    for (const url of metricsServer?.urls ?? []) warn(`serving metrics on ${url}/-/metrics`);
    await untilAborted(signal);
  }
  // The metrics of what is being answered last are wanted as well.
  await server.stop();
}

/** What all servers answer, and ask for, besides their service. */
function withExtras(
  service: Handler,
  { cors, metricsListen }: ServerFlags,
  { metrics, authorization }: HttpServiceOptions,
): Handler {
  let handler = metricsListen === undefined ? answerMetrics(service, metrics) : service;
  if (authorization !== undefined) handler = requireAuthorization(handler, authorization);
  if (cors !== undefined) handler = withCors(handler, cors);
  return measured(answerHealth(handler), metrics);
}

const notHere: Handler = () => plainAnswer(404, "only /-/metrics and /-/health are here");

function addressesOf(texts: readonly string[] | undefined): ListenAddress[] {
  if (texts !== undefined) return texts.map(parseListenAddress);
  const passed = passedSockets();
  return passed.length > 0 ? passed : [parseListenAddress(":http")];
}

function openLog({ log, logFormat }: ServerFlags): AccessLog | undefined {
  if (log === undefined) return undefined;
  return new AccessLog(log === "-" ? logToStandardOutput() : logFile(log), logFormat, (problem) => {
    warn(`${messageOf(problem)} (continuing without the log)`);
  });
}

function reportFailure(error: unknown): void {
  warn(`Cannot answer a request: ${messageOf(error)}`);
}

/** Does all that SIGHUP asks for, one time after the other, until it is disposed. What fails is reported. */
function onHangUp(actions: readonly (() => unknown)[]): Disposable {
  // There it is the end of the console.
  if (Deno.build.os === "windows") return { [Symbol.dispose]: () => {} };
  let running: Promise<void> = Promise.resolve();
  const act = async () => {
    for (const action of actions) {
      try {
        await action();
      } catch (error) {
        warn(`${messageOf(error)} (continuing as before)`);
      }
    }
  };
  const listener = () => {
    running = running.then(act);
  };
  Deno.addSignalListener("SIGHUP", listener);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", listener) };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** One thread of a server, with stores and connections of its own. */
import type { AccessLog } from "../../deno/server/access_log.ts";
import { HttpServer, type ServeOptions } from "../../deno/server/http_server.ts";
import type { ListenAddress } from "../../deno/server/listen_address.ts";
import type { ServerTls } from "../../deno/server/tls.ts";
import { messageOf } from "../../core/errors.ts";
import { requireAuthorization } from "../../servers/authorization.ts";
import { withCors } from "../../servers/cors.ts";
import type { Handler } from "../../servers/handler.ts";
import { Metrics } from "../../servers/metrics.ts";
import { answerHealth, answerMetrics, measured } from "../../servers/monitoring.ts";
import type { SERVER_FLAGS } from "../flags/serving.ts";
import type { Values } from "../flags/flag.ts";
import { warn } from "../output/output.ts";
import { ReplaceableService } from "./replaceable_service.ts";
import { openService, type Served, type Service } from "./service.ts";

/** What the command line says of every server. */
export type ServerFlags = Values<typeof SERVER_FLAGS>;

/** What a thread serves, and how: plain data. */
export interface ThreadOptions {
  readonly served: Served;
  readonly addresses: readonly ListenAddress[];
  /** Whether other threads listen at the same ports. */
  readonly reusePort: boolean;
  readonly tls: ServerTls | undefined;
  /** The header that requests must have, if any. */
  readonly authorization: string | undefined;
  /** The numbers of all threads, and which of them are this one's. */
  readonly metricsMemory: SharedArrayBuffer;
  readonly thread: number;
}

/** What a thread reads again: the store file, or given certificates. */
export type Reload = { readonly kind: "stores" } | { readonly kind: "tls"; readonly tls: ServerTls };

/** Listens and answers until it is stopped. */
export interface ServerThread extends AsyncDisposable {
  readonly server: HttpServer;
  readonly service: Service;
  /** Throws what reading throws: then all stays as it is. */
  readonly reload: (reload: Reload) => Promise<void>;
}

/**
 * Opens all and listens. The signal aborts what reads the configuration. Throws `usage`, `io` and what opening stores
 * throws.
 */
export async function startThread(
  options: ThreadOptions,
  log: AccessLog | undefined,
  signal: AbortSignal,
): Promise<ServerThread> {
  const { served, addresses, reusePort, tls } = options;
  const metrics = new Metrics(options.metricsMemory, options.thread);
  const open = () => openService(served, metrics, signal);
  await using resources = new AsyncDisposableStack();
  const service = resources.use(new ReplaceableService(await open()));
  const handler = withExtras(service.handler, options, metrics);
  const serveOptions: ServeOptions = { tls, reusePort, onAnswered: log?.add, onFailure: reportFailure };
  const server = resources.use(await HttpServer.listen(handler, addresses, serveOptions));
  const kept = resources.move();
  return {
    server,
    service,
    reload: async (reload) => {
      if (reload.kind === "tls") server.renewTls(reload.tls);
      else service.replace(await open());
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What all servers answer, and ask for, besides their service. */
function withExtras(
  service: Handler,
  { served: { flags: { cors, metricsListen } }, authorization }: ThreadOptions,
  metrics: Metrics,
): Handler {
  let handler = metricsListen === undefined ? answerMetrics(service, metrics) : service;
  if (authorization !== undefined) handler = requireAuthorization(handler, authorization);
  if (cors !== undefined) handler = withCors(handler, cors);
  return measured(answerHealth(handler), metrics);
}

/** Reports what a handler should not have thrown. */
export function reportFailure(error: unknown): void {
  warn(`Cannot answer a request: ${messageOf(error)}`);
}

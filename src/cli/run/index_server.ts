/** `desync index-server` */
import type { Args, Flags } from "../commands/index_server.ts";
import { DONE } from "../exit_status.ts";
import { serveHttp } from "../servers/http_service.ts";

/** Serves until it is asked to stop, which counts as success. */
export async function run(_args: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await serveHttp({ kind: "indexes", flags }, signal);
  return DONE;
}

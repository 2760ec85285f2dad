/** `desync chunk-server` */
import { messageOf } from "../../core/errors.ts";
import { Metrics } from "../../servers/metrics.ts";
import { atMostOncePerSecond } from "../../servers/problems.ts";
import type { Args, Flags } from "../commands/chunk_server.ts";
import { DONE } from "../exit_status.ts";
import { warn } from "../output/output.ts";
import { openChunkService } from "../servers/chunk_service.ts";
import { expectedAuthorization } from "../servers/expected_authorization.ts";
import { serveHttp } from "../servers/http_service.ts";
import { ReplaceableService } from "../servers/replaceable.ts";

/** Serves until it is asked to stop, which counts as success. */
export async function run(_args: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  const authorization = expectedAuthorization(flags.authorization);
  const metrics = new Metrics();
  const onProblem = atMostOncePerSecond((problem) => warn(messageOf(problem)));
  const open = () => openChunkService(flags, { counts: metrics.chunks, onProblem, signal });
  await using service = new ReplaceableService(await open());
  const reload = flags.storeFile === undefined ? undefined : async () => service.replace(await open());
  await serveHttp(service, flags, { metrics, authorization, reload, signal });
  return DONE;
}

/** `desync index-server` */
import { messageOf } from "../../core/errors.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { answerIndexes } from "../../servers/indexes/index_handler.ts";
import { Metrics } from "../../servers/metrics.ts";
import { ServedIndexes } from "../../servers/indexes/served_indexes.ts";
import { atMostOncePerSecond } from "../../servers/problems.ts";
import { isPath } from "../../stores/location.ts";
import type { Args, Flags } from "../commands/index_server.ts";
import { DONE } from "../exit_status.ts";
import { checkDirectory } from "../inputs/check_directory.ts";
import { Locator } from "../locator.ts";
import { warn } from "../output/output.ts";
import { missingOption } from "../parse/missing_option.ts";
import { expectedAuthorization } from "../servers/expected_authorization.ts";
import { serveHttp } from "../servers/http_service.ts";

/** Serves until it is asked to stop, which counts as success. */
export async function run(_args: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  const { indexStore: location, writable } = flags;
  if (location === undefined) throw missingOption("-s, --store", "name the directory of the indexes");
  const authorization = expectedAuthorization(flags.authorization);
  const isLocal = isPath(location);
  if (isLocal) checkDirectory(location);
  const metrics = new Metrics();
  await using locator = new Locator(flags);
  const indexes = new ServedIndexes(await locator.indexes(location), {
    writable,
    encodeName: isLocal ? undefined : encodeURIComponent,
  });
  const onProblem = atMostOncePerSecond((problem) => warn(messageOf(problem)));
  const handler = answerIndexes(indexes, { onProblem });
  await using service = {
    handler,
    name: redactLocation(location),
    [Symbol.asyncDispose]: () => indexes.idle(),
  };
  await serveHttp(service, flags, { metrics, authorization, signal });
  return DONE;
}

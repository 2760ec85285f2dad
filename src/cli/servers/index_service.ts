/** The indexes of an index server, opened. */
import { redactLocation } from "../../deno/schemes.ts";
import { answerIndexes } from "../../servers/indexes/index_handler.ts";
import { ServedIndexes } from "../../servers/indexes/served_indexes.ts";
import type { OnProblem } from "../../servers/problems.ts";
import { isPath } from "../../stores/location.ts";
import type { Flags } from "../commands/index_server.ts";
import { checkDirectory } from "../inputs/check_directory.ts";
import { Locator } from "../locator.ts";
import { missingOption } from "../parse/missing_option.ts";
import type { Service } from "./service.ts";

/** Opens the directory, or the URL, that the options name. Throws what opening it throws, and `usage`. */
export async function openIndexService(
  flags: Flags,
  { onProblem }: { readonly onProblem: OnProblem },
): Promise<Service> {
  const { indexStore: location, writable } = flags;
  if (location === undefined) throw missingOption("-s, --store", "name the directory of the indexes");
  const isLocal = isPath(location);
  if (isLocal) checkDirectory(location);
  await using open = new AsyncDisposableStack();
  const locator = open.use(new Locator(flags));
  const indexes = new ServedIndexes(await locator.indexes(location), {
    writable,
    encodeName: isLocal ? undefined : encodeURIComponent,
  });
  open.defer(() => indexes.idle());
  const kept = open.move();
  return {
    handler: answerIndexes(indexes, { onProblem }),
    name: redactLocation(location),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The Authorization header that a server wants from its clients. */
import { DesyncError } from "../../core/errors.ts";
import { environment, forgetEnvironment } from "../../deno/system/permitted.ts";
import { isHeaderValue } from "../parse/header_value.ts";

/**
 * The value of the option, else of DESYNC_HTTP_AUTH, `undefined` without either. The variable is then forgotten: it is
 * nothing to be shown to the stores behind this server, nor to the programs that it starts.
 */
export function expectedAuthorization(option: string | undefined): string | undefined {
  const variable = environment("DESYNC_HTTP_AUTH");
  forgetEnvironment("DESYNC_HTTP_AUTH");
  if (option !== undefined || variable === "") return option;
  if (isHeaderValue(variable)) return variable;
  // Without the value, which is secret.
  const subject = "DESYNC_HTTP_AUTH";
  throw new DesyncError("usage", { action: "use", subject, reason: "a header cannot hold it" });
}

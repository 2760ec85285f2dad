/** What `--version` and the command `version` print. */
import { VERSION } from "../../core/version.ts";
import { RUNTIME } from "../../deno/system/runtime.ts";

/** The versions of the program and of what it runs on. */
export function versionText(): string {
  return `desync ${VERSION} (${RUNTIME}, v8 ${Deno.version.v8}, ${Deno.build.target})`;
}

/** What `--version` and the command `version` print. */
import { VERSION } from "../../core/version.ts";

/** The versions of the program and of what it runs on. */
export function versionText(): string {
  const { deno, v8 } = Deno.version;
  return `desync ${VERSION} (deno ${deno}, v8 ${v8}, ${Deno.build.target})`;
}

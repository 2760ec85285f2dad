/** `desync version` */
import { DONE } from "../exit_status.ts";
import { print } from "../output/output.ts";
import { versionText } from "../docs/version_text.ts";

/** Prints the line of `--version`. */
export function run(): Promise<number> {
  print(`${versionText()}\n`);
  return Promise.resolve(DONE);
}

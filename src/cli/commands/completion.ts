/** `desync completion bash|zsh|fish` */
import { DesyncError } from "../../errors.ts";
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { describeCommands, describeGlobalOptions } from "../description.ts";
import { DONE } from "../exit_status.ts";
import { print } from "../output.ts";

/** Its order is that of the words in the help. */
const SCRIPTS: ReadonlyMap<string, typeof bashCompletion> = new Map([
  ["bash", bashCompletion],
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
]);

/** Prints the script. */
export function run(args: readonly string[]): Promise<number> {
  const [shell] = args;
  const script = SCRIPTS.get(shell);
  if (script === undefined) {
    const why = `it is none of ${[...SCRIPTS.keys()].join(", ")}`;
    throw new DesyncError("usage", `Cannot write completion for ${JSON.stringify(shell)}: ${why}`);
  }
  print(script(describeCommands(), describeGlobalOptions()));
  return Promise.resolve(DONE);
}

/** `desync completion bash|zsh|fish` */
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { describeCommands, describeGlobalOptions } from "../description.ts";
import { DONE } from "../exit_status.ts";
import { print } from "../output.ts";

const SCRIPTS: Readonly<Record<string, typeof bashCompletion>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Prints the script. The parser has seen to it that the shell is one of the three. */
export function run(args: readonly string[]): Promise<number> {
  print(SCRIPTS[args[0]](describeCommands(), describeGlobalOptions()));
  return Promise.resolve(DONE);
}

/** `desync completion bash|zsh|fish|powershell` */
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { powershellCompletion } from "../completion/powershell.ts";
import { zshCompletion } from "../completion/zsh.ts";
import {
  type CommandDescription,
  describeCommands,
  describeGlobalOptions,
  type OptionDescription,
} from "../description.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { print } from "../output.ts";

const SCRIPTS: Readonly<Record<string, typeof bashCompletion>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/** Prints the script. The parser has checked the shell's name. */
export function run(args: readonly string[], { descriptions }: FlagValues): Promise<number> {
  const [commands, globals] = [describeCommands(), describeGlobalOptions()];
  const script = SCRIPTS[args[0]];
  print(
    descriptions === false
      ? script(commands.map(undescribed), globals.map(undescribedOption))
      : script(commands, globals),
  );
  return Promise.resolve(DONE);
}

function undescribed(command: CommandDescription): CommandDescription {
  return { ...command, summary: "", options: command.options.map(undescribedOption) };
}

function undescribedOption(option: OptionDescription): OptionDescription {
  return { ...option, description: "" };
}

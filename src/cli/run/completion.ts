/** `desync completion bash|zsh|fish|powershell` */
import { bashCompletion } from "../docs/completion/bash.ts";
import { fishCompletion } from "../docs/completion/fish.ts";
import { powershellCompletion } from "../docs/completion/powershell.ts";
import { zshCompletion } from "../docs/completion/zsh.ts";
import {
  type CommandDescription,
  describeCommands,
  describeGlobalOptions,
  type OptionDescription,
} from "../docs/description.ts";
import type { Args, Flags } from "../commands/completion.ts";
import { DONE } from "../exit_status.ts";
import { print } from "../output/output.ts";

const SCRIPTS: Readonly<Record<Args["shell"], typeof bashCompletion>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/** Prints the script. */
export async function run({ shell }: Args, { noDescriptions }: Flags): Promise<number> {
  const [commands, globals] = [await describeCommands(), describeGlobalOptions()];
  const script = SCRIPTS[shell];
  print(
    noDescriptions
      ? script(commands.map(undescribed), globals.map(undescribedOption))
      : script(commands, globals),
  );
  return DONE;
}

function undescribed(command: CommandDescription): CommandDescription {
  return { ...command, summary: "", options: command.options.map(undescribedOption) };
}

function undescribedOption(option: OptionDescription): OptionDescription {
  return { ...option, description: "" };
}

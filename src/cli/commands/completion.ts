/** `desync completion bash|zsh|fish|powershell` */
import { type ArgumentValues, oneOf } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { noDescriptions } from "../flags/completion.ts";

const args = { shell: oneOf("shell", ["bash", "zsh", "fish", "powershell"]) };
export type Args = ArgumentValues<typeof args>;

const flags = { noDescriptions };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Prints a script for bash, zsh, fish or PowerShell that completes commands, options, their values, and files of the
right kind. The script is self-contained: pressing TAB does not run desync. Print it again after an update.`,
  examples: [
    "desync completion bash > /usr/share/bash-completion/completions/desync",
    "desync completion zsh > /usr/share/zsh/vendor-completions/_desync",
    "desync completion fish > ~/.config/fish/completions/desync.fish",
    "desync completion powershell >> $PROFILE",
  ],
  code: () => import("../run/completion.ts"),
});

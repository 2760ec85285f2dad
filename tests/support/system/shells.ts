/** What the real shells offer for a command line that is being written. */

import { join } from "node:path";
import { peers } from "../peers.ts";
import { runAny } from "../process.ts";
import type { TempDir } from "../temp.ts";

/** The shells that completion is written for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of them. */
export type Shell = typeof shells[number];

/**
 * What the shell offers for each line when TAB is pressed at its end, in the directory `cwd`: sorted, without what the
 * shells add themselves (a slash behind a directory, = behind an option), and of `--option=value` the value alone.
 */
export async function offered(
  shell: Shell,
  script: string,
  lines: readonly string[],
  cwd: TempDir,
): Promise<string[][]> {
  using dir = scratch();
  const path = join(dir.path, `desync.${shell}`);
  Deno.writeTextFileSync(path, script);
  const output = await PROBES[shell](path, lines, { scratch: dir.path, cwd: cwd.root });
  const parts = output.split(`${END}\n`);
  if (parts.pop() !== "" || parts.length !== lines.length) {
    throw new Error(`${shell} answered ${parts.length} of ${lines.length} lines:\n${output}`);
  }
  return parts.map((part) => {
    const words = part.split("\n").filter((word) => word !== "");
    return [
      ...new Set(
        words.map((word) => word.replace(/\t.*/, "").replace(/^--[^=]+=(?=.)/, "").replace(/[/=]$/, "")),
      ),
    ].sort();
  });
}

interface Place {
  /** Where the probe's own files go. */
  readonly scratch: string;
  readonly cwd: string;
}

type Probe = (script: string, lines: readonly string[], place: Place) => Promise<string>;

const END = "=end of what is offered=";

const PROBES: Readonly<Record<Shell, Probe>> = { bash: probeBash, zsh: probeZsh, fish: probeFish };

function scratch(): Disposable & { path: string } {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** An interactive bash cuts the line into words as it does for people; what the function makes of them is written. */
async function probeBash(script: string, lines: readonly string[], { scratch, cwd }: Place): Promise<string> {
  const out = join(scratch, "out");
  const setup = join(scratch, "setup");
  Deno.writeTextFileSync(
    setup,
    `source '${script}'
    probe() {
      _desync
      printf '%s\\n' "\${COMPREPLY[@]}" '${END}' >>'${out}'
      COMPREPLY=()
    }
    complete -F probe desync
    `,
  );
  const keys = lines.map((line) => `${line}\t\x15`).join("");
  const stdin = `source '${setup}'\n${keys}exit\n`;
  return await probed("bash", ["--norc", "--noprofile", "-i"], { stdin, cwd }, out);
}

/** An interactive zsh on a terminal of its own; what is given to `compadd` is written. */
async function probeZsh(script: string, lines: readonly string[], { scratch, cwd }: Place): Promise<string> {
  const out = join(scratch, "out");
  const setup = join(scratch, "setup");
  Deno.renameSync(script, join(scratch, "_desync"));
  Deno.writeTextFileSync(
    setup,
    `PS1=
    unsetopt auto_list # many matches would be asked about
    fpath=('${scratch}' $fpath)
    autoload -Uz compinit
    compinit -u -D
    compadd() {
      local -a offered
      if [[ "$*" != *-[OAD]\\ * ]]; then
        builtin compadd -O offered "$@"
        (( $#offered )) && print -rl -- "\${(@Q)offered}" >>'${out}'
      fi
      builtin compadd "$@"
    }
    answered() { print -r -- '${END}' >>'${out}' }
    zle -N answered
    bindkey '^Xe' answered
    # Only then does zsh read each key. Before, the terminal would take ^U for its own, and erase the line.
    zle-line-init() { print -n >>'${out}' }
    zle -N zle-line-init
    `,
  );
  const driver = `zmodload zsh/zpty zsh/zselect
    cd $1; shift
    zpty shell env TERM=dumb zsh -f -i
    zpty -w shell "source '${setup}'"
    until [[ -e '${out}' ]]; do zselect -t 1; done
    for line; do
      before="$(<'${out}')"
      zpty -n -w shell "$line"$'\\t\\C-u\\C-xe'
      until [[ "$(<'${out}')" == "$before"*'${END}' ]]; do zselect -t 1; done
    done
    zpty -d shell`;
  return await probed("zsh", ["-f", "-c", driver, "zsh", cwd, ...lines], { cwd }, out);
}

/** fish tells by itself what it would offer. */
async function probeFish(script: string, lines: readonly string[], { scratch, cwd }: Place): Promise<string> {
  const out = join(scratch, "out");
  const commands = `source '${script}'
    for line in $argv
      complete -C "$line" >>'${out}'
      echo '${END}' >>'${out}'
    end`;
  const env = { HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_DATA_HOME: scratch };
  return await probed("fish", ["--no-config", "-c", commands, ...lines], { cwd, env }, out);
}

async function probed(
  shell: Shell,
  args: string[],
  options: { stdin?: string; cwd: string; env?: Record<string, string> },
  out: string,
): Promise<string> {
  const ended = await runAny(peers[shell]!, args, options).catch((error: Error) => {
    throw new Error(`${error.message}; so far it offered:\n${offeredIn(out) ?? "nothing"}`);
  });
  const text = offeredIn(out);
  if (text === undefined) {
    const { code, stdout, stderr } = ended;
    throw new Error(`${shell} ended with status ${code} and offered nothing:\n${stdout}${stderr}`);
  }
  return text;
}

function offeredIn(out: string): string | undefined {
  try {
    return Deno.readTextFileSync(out);
  } catch {
    return undefined; // not begun yet
  }
}

/** What PowerShell completes each line to, with the script loaded, in the directory `cwd`. */
export async function offeredByPowerShell(
  script: string,
  lines: readonly string[],
  cwd: TempDir,
): Promise<string[][]> {
  using dir = scratch();
  const path = join(dir.path, "desync.ps1");
  Deno.writeTextFileSync(path, script);
  const quoted = lines.map((line) => `'${line.replaceAll("'", "''")}'`);
  const commands = `. '${path}'
    foreach ($line in ${quoted.join(", ")}) {
      (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches | ForEach-Object CompletionText
      '${END}'
    }`;
  const args = ["-NoProfile", "-NonInteractive", "-Command", commands];
  const { code, stdout, stderr } = await runAny(peers.pwsh!, args, { cwd: cwd.root });
  const parts = stdout.replaceAll("\r", "").split(`${END}\n`);
  if (code !== 0 || parts.pop() !== "" || parts.length !== lines.length) {
    throw new Error(`PowerShell ended with status ${code}:\n${stdout}${stderr}`);
  }
  return parts.map((part) =>
    part.split("\n").filter((word) => word !== "")
      .map((word) => word.replace(/^--[^=]+=(?=.)/, "").replace(/[/\\]$/, ""))
  );
}

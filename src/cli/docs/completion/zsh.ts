/** Completion for zsh. */
import type { CommandDescription, OptionDescription, ValueDescription } from "../description.ts";

/** The script: to be a file `_desync` in zsh's fpath, or to be sourced. */
export function zshCompletion(
  commands: readonly CommandDescription[],
  globals: readonly OptionDescription[],
): string {
  const names = commands.map(({ name, summary }) => quote(name + (summary === "" ? "" : `:${summary}`)));
  return `#compdef desync
# zsh completion for desync, written by \`desync completion zsh\`.

_desync_directory() {
  [[ $PREFIX == *://* ]] || _files -/
}

_desync_file() {
  [[ $PREFIX == *://* ]] || _files
}

_desync_index() {
  [[ $PREFIX == *://* ]] || _files -g '*.(caibx|caidx)(-.)'
}

_desync_archive() {
  [[ $PREFIX == *://* ]] || _files -g '*.(catar|caidx|caibx)(-.)'
}

_desync_commands() {
  local -a commands=(
${names.map((name) => `    ${name}`).join("\n")}
  )
  _describe -t commands command commands
}

_desync() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C -s -S \\
${continued(specs(globals), 4)}
    '(-): :_desync_commands' \\
    '(-)*:: :->arguments' && return
  [[ $state == arguments ]] || return
  curcontext=\${curcontext%:*}-$words[1]:
  case $words[1] in
${commands.map(commandCase).join("\n")}
  esac
}

if [[ $funcstack[1] == _desync ]]; then
  _desync "$@"
else
  compdef _desync desync
fi
`;
}

function commandCase(command: CommandDescription): string {
  const args = command.arguments.map((argument) => {
    const place = argument.repeated ? "*:" : argument.optional ? "::" : ":";
    return quote(`${place}${argument.name}:${action(argument)}`);
  });
  return `    ${command.name})
      _arguments -s -S \\
${continued([...specs(command.options), ...args], 8)}
        && return
      ;;`;
}

/** One for each name of each option. */
function specs(options: readonly OptionDescription[]): string[] {
  return options.flatMap(({ names, value, description, repeated }) =>
    names.map((name) => {
      const excluded = repeated ? "*" : names.length > 1 ? `(${names.join(" ")})` : "";
      const joined = value === undefined ? "" : name.startsWith("--") ? "=" : "+";
      const argument = value === undefined ? "" : `:${value.name.replaceAll(":", "\\:")}:${action(value)}`;
      const text = description === "" ? "" : `[${description.replace(/[\\[\]:]/g, "\\$&")}]`;
      return quote(`${excluded}${name}${joined}${text}${argument}`);
    })
  );
}

function action({ kind, words }: ValueDescription): string {
  if (kind === "words") return `(${words.join(" ")})`;
  return kind === "text" ? " " : `_desync_${kind}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function continued(lines: readonly string[], indent: number): string {
  return lines.map((line) => `${" ".repeat(indent)}${line} \\`).join("\n");
}

/** Completion for bash, without the bash-completion package. */
import type { CommandDescription, OptionDescription, ValueDescription } from "../description.ts";

/** The script. What is fixed in it runs at each TAB; no program is started. */
export function bashCompletion(
  commands: readonly CommandDescription[],
  globals: readonly OptionDescription[],
): string {
  const names = commands.map(({ name }) => name);
  const first: Described = {
    name: "",
    arguments: [{ kind: "words", words: names, repeated: false }],
    options: globals,
  };
  return `# bash completion for desync, written by \`desync completion bash\`.

# What there is for a command, or in front of one. Behind the colon: a kind of file, or = and the words.
_desync_describe() {
  case $1 in
${[first, ...commands].map(description).join("\n")}
    *) options='' values='' arguments='' ;;
  esac
}

${FIXED}`;
}

type Described = Pick<CommandDescription, "name" | "options"> & {
  readonly arguments: readonly (Pick<ValueDescription, "kind" | "words"> & { readonly repeated: boolean })[];
};

function description(command: Described): string {
  const options = command.options.flatMap(({ names }) => names).join(" ");
  const values = command.options.flatMap(({ names, value }) =>
    value === undefined ? [] : names.map((name) => `${name}:${kindText(value)}`)
  ).join(" ");
  const args = command.arguments.map((argument) => `${kindText(argument)}${argument.repeated ? "..." : ""}`);
  return `    ${command.name || "''"})
      options='${options}'
      values='${values}'
      arguments='${args.join(" ")}'
      ;;`;
}

function kindText({ kind, words }: Pick<ValueDescription, "kind" | "words">): string {
  return kind === "words" ? `=${words.join(",")}` : kind;
}

const FIXED = String.raw`# Sets kind to what the option takes; fails when it takes nothing.
_desync_value_of() {
  local entry
  for entry in $values; do
    if [[ \${entry%%:*} == "$1" ]]; then
      kind=\${entry#*:}
      return 0
    fi
  done
  return 1
}

# Sets kind to that of the argument with that number.
_desync_argument() {
  local entry number=0
  kind=text
  for entry in $arguments; do
    if ((number++ == $1)) || [[ $entry == *... ]]; then
      kind=\${entry%...}
      return
    fi
  done
}

# Prints what begins like the second argument, of the kind in the first.
_desync_candidates() {
  [[ $2 == *://* ]] && return
  case $1 in
    =*) compgen -W "$(printf '%s' "\${1#=}" | tr , ' ')" -- "$2" ;;
    directory) compgen -d -- "$2" ;;
    file) compgen -f -- "$2" ;;
    index | archive)
      compgen -d -- "$2"
      [[ $1 == archive ]] && compgen -f -X '!*.catar' -- "$2"
      compgen -f -X '!*.caibx' -- "$2"
      compgen -f -X '!*.caidx' -- "$2"
      ;;
  esac
}

_desync() {
  local options values arguments kind='' command='' position=0 expected='' rest='' i word candidate
  local -a words=()

  # bash cuts words at : and = as well. What has no blank between is one word here.
  local line=\${COMP_LINE:0:COMP_POINT} piece=''
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then
      line=\${line#"\${line%%[![:blank:]]*}"}
      words+=('')
    fi
    piece=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && piece=$line
    words[\${#words[@]} - 1]+=$piece
    line=\${line#"$piece"}
  done
  [[ $piece == [:=]* ]] && piece=''

  _desync_describe ''
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    word=\${words[i]}
    if [[ -n $expected ]]; then
      expected=''
    elif [[ -z $rest && $word == -- ]]; then
      rest=1
    elif [[ -z $rest && $word == -?* ]]; then
      _desync_value_of "$word" && expected=$kind
    elif [[ -z $command ]]; then
      command=$word
      _desync_describe "$command"
    else
      ((position++))
    fi
  done

  # The part of the word that is completed, and what stands before it.
  local current=\${words[\${#words[@]} - 1]} before=''
  if [[ -n $expected ]]; then
    kind=$expected
  elif [[ -z $rest && $current == --*=* ]]; then
    _desync_value_of "\${current%%=*}" || return
    before=\${current%%=*}=
    current=\${current#*=}
  elif [[ -z $rest && $current == -* ]]; then
    kind="=\${options// /,}"
  else
    _desync_argument "$position"
  fi
  [[ $kind != =* ]] && type compopt &>/dev/null && compopt -o filenames

  # bash replaces only what stands behind the last place where it cuts.
  local kept=$before$current
  kept=\${kept%"$piece"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=$before$candidate
    COMPREPLY+=("\${candidate#"$kept"}")
  done < <(_desync_candidates "$kind" "$current")
}

# bash 3 has no compopt.
if type compopt &>/dev/null; then
  complete -F _desync desync
else
  complete -o filenames -F _desync desync
fi
`.replaceAll("\\${", "${");

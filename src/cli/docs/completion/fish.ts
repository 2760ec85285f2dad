/** Completion for fish. */
import type { Argument } from "../../argument.ts";
import type { CommandDescription, OptionDescription, ValueDescription } from "../description.ts";

/** The script. */
export function fishCompletion(
  commands: readonly CommandDescription[],
  globals: readonly OptionDescription[],
): string {
  const lines = [
    ...globals.map((option) => `complete -c desync -n __desync_first ${optionWords(option)}`),
    ...commands.map(({ name, summary }) =>
      `complete -c desync -n __desync_first -a ${name}${described(summary)}`
    ),
  ];
  for (const { name, options, arguments: args } of commands) {
    lines.push("");
    lines.push(
      ...options.map((option) => `complete -c desync -n '__desync_in ${name}' ${optionWords(option)}`),
    );
    lines.push(...args.flatMap((argument, i) => argumentLine(name, argument, i)));
  }
  return `# fish completion for desync, written by \`desync completion fish\`.

# Prints the options of a command, or of none, that take a value.
function __desync_valued
    switch "$argv[1]"
${
    [{ name: "", options: globals }, ...commands].map(({ name, options }) =>
      `        case '${name}'\n            string split ' ' -- ${quote(valued(options).join(" "))}`
    ).join("\n")
  }
    end
end

${FIXED}
${lines.join("\n")}
`;
}

const FIXED = String
  .raw`# Prints the arguments that stand before the cursor, the command first, without options and their values.
function __desync_arguments
    set -l found
    set -l valued (__desync_valued '')
    set -l rest
    set -l skip
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if set -q skip[1]
            set -e skip
        else if not set -q rest[1]; and test "$word" = --
            set rest yes
        else if not set -q rest[1]; and string match -qr '^-.' -- "$word"
            contains -- "$word" $valued; and set skip yes
        else
            set -q found[1]; or set valued (__desync_valued "$word")
            set found $found "$word"
        end
    end
    string join \n -- $found
end

function __desync_first
    set -l found (__desync_arguments)
    not set -q found[1]
end

function __desync_in
    set -l found (__desync_arguments)
    test "$found[1]" = $argv[1]
end

# Is that argument of the command due, or one behind it when + follows?
function __desync_at
    set -l found (__desync_arguments)
    test "$found[1]" = $argv[1]; or return
    test (count $found) -eq $argv[2]; and return
    test "$argv[3]" = +; and test (count $found) -gt $argv[2]
end

# What is being completed, without an option and = before it.
function __desync_word
    string replace -r -- '^--[^=]*=' '' (commandline -ct)
end

function __desync_files
    set -l word (__desync_word)
    string match -q '*://*' -- $word; and return
    complete -C "__desync_no_such_command $word"
end

function __desync_directories
    string match '*/' -- (__desync_files)
end

# Directories and what ends in one of the suffixes; everything where there is no such thing.
function __desync_suffixes
    set -l files (__desync_files)
    set -l wanted (string match -r -- '^.*(?:/|'(string join '|' (string escape --style=regex -- $argv))')$' $files)
    if set -q wanted[1]
        string join \n -- $wanted
    else
        string join \n -- $files
    end
end

complete -c desync -f
`;

function argumentLine(command: string, argument: Argument<unknown>, i: number): string[] {
  const from = candidates(argument);
  if (from === undefined) return [];
  const place = `__desync_at ${command} ${i + 1}${argument.repeated ? " +" : ""}`;
  return [`complete -c desync -n '${place}' -a ${quote(from)}`];
}

function optionWords({ names, value, description }: OptionDescription): string {
  const words = names.map((name) => name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);
  if (value !== undefined) {
    words.push("-x");
    const from = candidates(value);
    if (from !== undefined) words.push(`-a ${quote(from)}`);
  }
  return words.join(" ") + described(description);
}

function described(text: string): string {
  return text === "" ? "" : ` -d ${quote(text)}`;
}

function candidates({ kind, words }: ValueDescription): string | undefined {
  switch (kind) {
    case "words":
      return words.join(" ");
    case "text":
      return undefined;
    case "file":
      return "(__desync_files)";
    case "directory":
      return "(__desync_directories)";
    case "index":
      return "(__desync_suffixes .caibx .caidx)";
    case "archive":
      return "(__desync_suffixes .catar .caidx .caibx)";
  }
}

function valued(options: readonly OptionDescription[]): string[] {
  return options.flatMap(({ names, value }) => value === undefined ? [] : names);
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

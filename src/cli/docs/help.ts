/** The help, as it is printed. */
import { type Command, COMMANDS } from "../commands.ts";
import {
  describeFlags,
  describeGlobalOptions,
  describeNetworkOptions,
  describeOwnOptions,
  describeSynopsis,
  HELP_SUMMARY,
  type OptionDescription,
  paragraphsOf,
} from "./description.ts";
import { STATUSES } from "../exit_status.ts";
import { GLOBAL_FLAGS, help } from "../flags/global.ts";

/** What the program is for. */
export const PURPOSE =
  "Distributes big files as chunks that are shared between versions: casync's formats, desync's commands.";

/** A narrower column than this is not filled: there, the terminal breaks the lines. */
const NARROWEST = 30;

/** A term and what it means. */
type Item = readonly [term: string, meaning: string];

/** The help on the command, or on the program, with lines as long as the terminal is wide. */
export function helpText(command: Command | undefined, columns: number): string {
  return command === undefined ? programHelp(columns) : commandHelp(command, columns);
}

function programHelp(columns: number): string {
  const options = describeGlobalOptions().map(itemOf);
  const summaries = COMMANDS.map(({ group, name, summary }) => ({ group, item: [name, summary] as const }));
  const commands = [...summaries, { group: "Other", item: ["help", HELP_SUMMARY] as const }];
  const groups = Map.groupBy(commands, ({ group }) => group);
  const width = widest([...options, ...commands.map(({ item }) => item)]);
  const statuses = STATUSES.map(([status, means]) => `  ${String(status).padEnd(4)} ${means}`);
  return [
    "Usage: desync <command> [options]",
    fill(PURPOSE, columns),
    list("Options", options, width, columns),
    ...[...groups].map(([group, of]) => list(group, of.map(({ item }) => item), width, columns)),
    ["Exit status:", ...statuses].join("\n"),
    "`desync COMMAND --help` lists the options of a command, with examples;\n" +
    "`desync manpage` prints all of it as one manual page.\n",
  ].join("\n\n");
}

function commandHelp(command: Command, columns: number): string {
  const common = describeFlags({ ...GLOBAL_FLAGS, help });
  const options = [...describeOwnOptions(command), ...common].map(itemOf);
  const network = describeNetworkOptions(command).map(itemOf);
  const width = widest([...options, ...network]);
  return [
    `Usage: desync ${command.name} ${describeSynopsis(command)}`,
    ...paragraphsOf(command).map((text) => fill(text, columns)),
    list("Options", options, width, columns),
    ...network.length === 0 ? [] : [list("Network options", network, width, columns)],
    ["Examples:", ...command.examples.map((line) => `  ${line}`)].join("\n") + "\n",
  ].join("\n\n");
}

function itemOf({ names, value, description, fallback }: OptionDescription): Item {
  const term = names.join(", ") + (value === undefined ? "" : ` <${value.name}>`);
  return [term, fallback === undefined ? description : `${description} (default: ${fallback})`];
}

function widest(items: readonly Item[]): number {
  return Math.max(...items.map(([term]) => term.length));
}

/** The items below their title, with what they mean in a column of its own. */
function list(title: string, items: readonly Item[], width: number, columns: number): string {
  const indent = width + 4;
  const lines = items.map(([term, meaning]) =>
    `  ${term.padEnd(width)}  ${fill(meaning, columns - indent).replaceAll("\n", `\n${" ".repeat(indent)}`)}`
  );
  return [`${title}:`, ...lines].join("\n");
}

/** The words in lines of that length, where they fit. */
function fill(text: string, columns: number): string {
  if (columns < NARROWEST) return text;
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && line.length <= columns) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join("\n");
}

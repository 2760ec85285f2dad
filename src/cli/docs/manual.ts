/** The manual page, in the man macros that every man program knows. */
import { allCommands, type Command } from "../commands.ts";
import {
  describeFlags,
  describeGlobalOptions,
  describeNetworkOptions,
  describeOwnOptions,
  describeSynopsis,
  type OptionDescription,
  paragraphsOf,
} from "./description.ts";
import { VARIABLES } from "./environment.ts";
import { STATUSES } from "../exit_status.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { PURPOSE } from "./help.ts";

/** `desync.1` of that version, dated with that day (`2025-12-31`). */
export async function manualPage(version: string, day: string): Promise<string> {
  const groups = Map.groupBy(await allCommands(), ({ group }) => group);
  const lines = [
    `.TH DESYNC 1 ${day} "desync ${escape(version)}" "User Commands"`,
    ".SH NAME",
    "desync \\- distribute big files as chunks that are shared between versions",
    ".SH SYNOPSIS",
    ".B desync",
    escape("<command> [options]"),
    ".SH DESCRIPTION",
    paragraph(PURPOSE),
    ...CONCEPTS.flatMap((text) => [".PP", paragraph(text)]),
    ".SH OPTIONS",
    "Every command takes these options.",
    ...describeGlobalOptions().flatMap(option),
    ".SS Network options",
    paragraph("Every command that reads stores or indexes takes these options."),
    ...describeFlags(NETWORK_FLAGS).flatMap(option),
    ".SH COMMANDS",
    ...[...groups].flatMap(([name, commands]) => [`.SS ${escape(name)}`, ...commands.flatMap(describe)]),
    ".SH ENVIRONMENT",
    ...Object.entries(VARIABLES).flatMap(([name, does]) => [".TP", `.B ${name}`, paragraph(does)]),
    ".SH FILES",
    ...FILES.flatMap(([name, is]) => [".TP", `.I ${escape(name)}`, paragraph(is)]),
    ".SH EXIT STATUS",
    ...STATUSES.flatMap(([status, means]) => [".TP", `.B ${status}`, paragraph(means)]),
    ".SH SEE ALSO",
    ".BR casync (1),",
    ".BR ssh (1)",
  ];
  return `${lines.join("\n")}\n`;
}

const CONCEPTS: readonly string[] = [
  `A blob is cut into chunks at places that depend on its content. An index (.caibx) lists the chunks of a blob in
order; a store keeps each chunk once, under the digest of its content. With an old version of the blob, or a cache,
only new chunks are fetched.`,
  `A store is a directory, an http(s) URL, s3+https://host/bucket/prefix, or a directory of another host,
sftp://[user@]host[:port]/path or ssh://[user@]host[:port]/path. An index is a file, an http(s), s3+http(s) or sftp
URL, or "-" for standard input. An archive (.catar) is a directory tree as one blob; the index of an archive ends in .caidx.`,
  `Every chunk is verified before use. Files are replaced atomically. Results go to standard output, everything else to
standard error.`,
];

const FILES: readonly (readonly [name: string, is: string])[] = [
  ["*.caibx", "index of a blob"],
  ["*.caidx", "index of an archive"],
  ["*.catar", "archive"],
  ["*.cadelta", "delta file"],
  [
    "STORE/xxxx/ID.cacnk",
    "a chunk in a store, compressed; xxxx is the beginning of its id. Without .cacnk it is uncompressed.",
  ],
  [
    "~/.config/desync/config.json",
    "desync's configuration file: options for stores by their locations, and keys for S3; --config names another",
  ],
  ["~/.netrc", "users and passwords for HTTP servers"],
  ["~/.aws/credentials, ~/.aws/config", "keys and regions for S3, where nothing else has them"],
  ["~/.ssh/known_hosts", "the hosts that --ssh-builtin trusts"],
];

function describe(command: Command): string[] {
  return [
    ".TP",
    `.B desync ${escape(command.name)} ${escape(describeSynopsis(command))}`,
    paragraphsOf(command).map(paragraph).join("\n.IP\n"),
    ".RS",
    ...(describeNetworkOptions(command).length > 0 ? ["The network options are accepted as well."] : []),
    ...describeOwnOptions(command).flatMap(option),
    ".PP",
    command.examples.length > 1 ? "Examples:" : "Example:",
    ".PP",
    ".nf",
    ...command.examples.map(escape),
    ".fi",
    ".RE",
  ];
}

function option({ names, value, description, fallback }: OptionDescription): string[] {
  const terms = names.map((name) => `\\fB${escape(name)}\\fR`).join(", ");
  const given = value === undefined ? "" : ` \\fI${escape(value.name)}\\fR`;
  const preset = fallback === undefined ? "" : ` (default: ${fallback})`;
  return [".TP", terms + given, paragraph(description + preset)];
}

/** Text that is filled. Its lines are short, and none is taken for a macro. */
function paragraph(text: string): string {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    if (lines[last] === "") lines[last] = word;
    else if (lines[last].length + word.length < LINE_LENGTH) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.map(escape).join("\n");
}

/** Some characters get longer when they are escaped. */
const LINE_LENGTH = 72;

/** Characters that mean something to roff. A hyphen is written so that it can be copied from the page. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("~", "\\(ti")
    .replace(/^(?=[.'])/, "\\&");
}

/** Every option, defined once: parser, help and completion come from here. */
import type { ChunkSizes } from "../chunk.ts";
import { chunkSizesProblem, DEFAULT_CHUNK_SIZES } from "../chunker/params.ts";
import { DEFAULT_ZSTD_LEVEL } from "../codec/codec.ts";
import { DesyncError } from "../errors.ts";
import { FEATURE_WORDS } from "../formats/features.ts";
import { byteCount, byteCountOrAll, duration, LONGEST_MS, wholeNumber } from "./go_values.ts";

/** The values of all options that any command has. What a command does not have stays undefined. */
export interface FlagValues {
  readonly store?: readonly string[];
  readonly cache?: string;
  readonly cacheRepair?: boolean;
  readonly concurrency?: number;
  readonly errorRetry: number;
  readonly errorRetryBaseInterval: number;
  readonly timeout: number;
  readonly caCert?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly inPlace?: boolean;
  readonly force?: boolean;
  readonly detailedExitStatus?: boolean;
  readonly printStats?: boolean;
  readonly repair?: boolean;
  readonly format: "json" | "plain";
  readonly seed?: readonly string[];
  readonly chunkSize: ChunkSizes;
  readonly uncompressed?: boolean;
  readonly compressionLevel: number;
  readonly umask?: number;
  readonly ignore?: readonly string[];
  readonly ignoreChunks?: readonly string[];
  readonly keepChunks?: readonly string[];
  readonly start: number;
  readonly offset: number;
  readonly length: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly sync?: boolean;
  readonly chunksInfo?: string;
  readonly index?: boolean;
  readonly sameOwner?: boolean;
  readonly samePermissions?: boolean;
  readonly time?: boolean;
  readonly recursiveUnlink?: boolean;
  readonly xattrsInclude?: readonly string[];
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly exclude?: readonly string[];
  readonly include?: readonly string[];
  readonly excludeNodump: boolean;
  readonly excludeFile: boolean;
  readonly oneFileSystem?: boolean;
  readonly inputFormat: "disk" | "tar";
  readonly tarAddRoot?: boolean;
  readonly outputFormat?: "disk" | "gnu-tar";
  readonly digest?: "sha512-256" | "sha256";
  readonly sshBuiltin?: boolean;
  readonly allowUrl?: boolean;
  readonly descriptions?: boolean;
  readonly config?: string;
  readonly verbose?: boolean;
  readonly progress?: ProgressMode;
}

/** How progress is shown. */
export type ProgressMode = "auto" | "bar" | "lines" | "json" | "none";

/** One option. */
export interface Flag {
  /** Its names, and what it takes if it takes a value: `-s, --store <location>`. */
  readonly flags: string;
  readonly description: string;
  /** The words that it takes, where they are fixed: for the parser, which refuses others, and completion. */
  readonly words?: readonly string[];
  /**
   * Turns the text, one of the words where there are some, into the value; gets the value so far. What it throws says
   * what is wrong with the text: "it is not a whole number". Without it the text is the value.
   */
  readonly parse?: (text: string, previous: unknown) => unknown;
  readonly fallback?: unknown;
  /** How the fallback is described, where it does not speak for itself. */
  readonly fallbackText?: string;
}

/** The parser of options that may be repeated: keeps all values. */
export function collect(text: string, previous: unknown): string[] {
  if (text === "") throw new Error("it is empty");
  if (!Array.isArray(previous)) return [text];
  // Not copied: there may be very many.
  previous.push(text);
  return previous;
}

/** The parser of options of which the last counts, for commands that take one of what others take many. */
function last(text: string): string[] {
  return collect(text, undefined);
}

/** A part of a list: quoted, with quotes in it doubled, or without commas. */
const LIST_PART = /"((?:[^"]|"")*)"(?=,|$)|([^,]*)/y;

/** The parser of options that may be repeated and take several values with commas between, as desync's do. */
export function collectList(text: string, previous: unknown): string[] {
  // Nothing is none at all, as in scripts whose variable is not set.
  if (text === "") return Array.isArray(previous) ? previous : [];
  let values = previous;
  LIST_PART.lastIndex = 0;
  do {
    const [, quoted, plain] = LIST_PART.exec(text)!;
    values = collect(quoted?.replaceAll('""', '"') ?? plain, values);
  } while (text[LIST_PART.lastIndex++] === ",");
  return values as string[];
}

/** Milliseconds; 0 is for ever. */
function timeout(text: string): number {
  const milliseconds = duration(text);
  if (milliseconds < 0) throw new DesyncError("usage", "it is negative");
  return milliseconds || LONGEST_MS;
}

const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1024, b: 1, k: 1024, m: 1024 * 1024 };

/** MIN:AVG:MAX, each in KB (1024 bytes) or with a unit: 16:64:256, 512b:2k:8k. */
function chunkSizes(text: string): ChunkSizes {
  const parts = text.split(":").map((part) => /^(\d+)([bkm]?)$/i.exec(part));
  if (parts.length !== 3 || parts.includes(null)) {
    throw new DesyncError("usage", "it is not MIN:AVG:MAX in KB, such as 16:64:256");
  }
  const [min, avg, max] = parts.map((part) => Number(part![1]) * SIZE_UNITS[part![2].toLowerCase()]);
  const sizes = { min, avg, max };
  const problem = chunkSizesProblem(sizes);
  if (problem !== undefined) throw new DesyncError("usage", problem);
  return sizes;
}

/** Permissions in octal digits, as chmod and umask take them. */
function permissions(text: string): number {
  if (/^0?[0-7]{1,3}$/.test(text)) return parseInt(text, 8);
  throw new DesyncError("usage", "it is not an octal number up to 777, such as 077");
}

/** Options by the name under which a command lists them. */
export const FLAGS = {
  stores: {
    flags: "-s, --store <location>",
    description:
      "store to take chunks from: a directory, an http(s) or an ssh URL; several (repeated, or with commas between) are asked in order; a comma in a name is written as in '\"a,b\"'",
    parse: collectList,
  },
  targetStore: {
    flags: "-s, --store <directory>",
    description: "store that gets the chunks it lacks",
    parse: last,
  },
  sourceStore: {
    flags: "-s, --store <directory>",
    description: "store to look into for how many bytes each chunk takes there",
    parse: last,
  },
  targetCache: { flags: "-c, --cache <directory>", description: "store that gets the chunks it lacks" },
  chunkSize: {
    flags: "-m, --chunk-size <min:avg:max>",
    description: "smallest, average and largest chunk in KB, or with a unit (b, k, m)",
    parse: chunkSizes,
    fallback: DEFAULT_CHUNK_SIZES,
    fallbackText: "16:64:256",
  },
  uncompressed: { flags: "-u, --uncompressed", description: "store chunks as they are, without compression" },
  compressionLevel: {
    flags: "--compression-level <number>",
    description: "zstd's level, 1 (fast) to 22 (small)",
    parse: wholeNumber(1, 22),
    fallback: DEFAULT_ZSTD_LEVEL,
  },
  umask: {
    flags: "--umask <octal>",
    description: "permissions that new files do not get, chunks included: 077 keeps them private",
    parse: permissions,
    fallbackText: "the umask that the command was started with",
  },
  ignore: {
    flags: "--ignore <index>",
    description: "leave out the chunks of this index; may be repeated, or several with commas between",
    parse: collectList,
  },
  ignoreChunks: {
    flags: "--ignore-chunks <file>",
    description:
      "leave out the chunks whose ids this file lists; may be repeated, or several with commas between",
    parse: collectList,
  },
  keepChunks: {
    flags: "--keep-chunks <file>",
    description: "keep the chunks whose ids this file lists; may be repeated",
    parse: collect,
  },
  start: {
    flags: "-S, --start <bytes>",
    description: "begin at this byte of the file, such as 4096 or 1M",
    parse: byteCount,
    fallback: 0,
  },
  offset: {
    flags: "-o, --offset <bytes>",
    description: "begin at this byte of the blob, such as 4096 or 1M",
    parse: byteCount,
    fallback: 0,
  },
  length: {
    flags: "-l, --length <bytes>",
    description: "bytes to write, such as 4096 or 1M; 0 or less for all that follow",
    parse: byteCountOrAll,
    fallback: 0,
  },
  yes: { flags: "-y, --yes", description: "do not ask" },
  dryRun: { flags: "--dry-run", description: "report what would be removed, without removing it" },
  noSync: {
    flags: "--no-sync",
    description: "do not wait until what was written is on the disk: a power cut may leave parts of it",
  },
  chunksInfo: {
    flags: "--chunks-info <file>",
    description: "what inspect-chunks wrote, to count compressed bytes",
  },
  localStore: {
    flags: "-s, --store <directory>",
    description: "the store, a directory of this machine",
    parse: last,
  },
  cache: {
    flags: "-c, --cache <directory>",
    description: "store that is asked first and gets what the others deliver",
  },
  cacheRepair: {
    flags: "-r, --cache-repair",
    description: "replace invalid chunks in the cache instead of failing",
  },
  concurrency: {
    flags: "-n, --concurrency <number>",
    description: "maximum concurrent requests, ssh sessions and threads",
    parse: wholeNumber(1),
    fallbackText: "adaptive",
  },
  threads: {
    flags: "-n, --concurrency <number>",
    description: "maximum threads",
    parse: wholeNumber(1),
    fallbackText: "one a processor",
  },
  errorRetry: {
    flags: "-e, --error-retry <number>",
    description: "tries of a request in all, when the network or a server fails",
    parse: wholeNumber(0),
    fallback: 3,
  },
  errorRetryBaseInterval: {
    flags: "-b, --error-retry-base-interval <time>",
    description: "wait before the second try; it grows by as much with each",
    parse: (text) => Math.max(0, duration(text)),
    fallback: 500,
    fallbackText: "500ms",
  },
  timeout: {
    flags: "--timeout <time>",
    description:
      "fail a request after this much silence, or less than 100 bytes a second for as long; 0 disables the timeout",
    parse: timeout,
    fallback: 60_000,
    fallbackText: "1m",
  },
  caCert: { flags: "--ca-cert <file>", description: "trust the authorities in this file, and no others" },
  clientCert: { flags: "--client-cert <file>", description: "certificate to show to TLS servers" },
  clientKey: { flags: "--client-key <file>", description: "key of that certificate" },
  inPlace: {
    flags: "-k, --in-place",
    description:
      "write into the existing file, keep what is right in it, and keep it on failure (block devices: always)",
  },
  force: {
    flags: "--force",
    description: "write to a block device although it is mounted or otherwise in use",
  },
  detailedExitStatus: {
    flags: "--detailed-exit-status",
    description: "end with status 4 when the output was up to date already",
  },
  printStats: { flags: "--print-stats", description: "print statistics as JSON at the end" },
  repair: { flags: "-r, --repair", description: "remove invalid chunks from the store" },
  format: {
    flags: "-f, --format <format>",
    description: "plain or json",
    words: ["plain", "json"],
    fallback: "json",
  },
  seed: {
    flags: "--seed <index>",
    description: "count the chunks that this index has too; may be repeated, or several with commas between",
    parse: collectList,
  },
  index: {
    flags: "-i, --index",
    description: "the archive is an index (.caidx), its chunks are in the stores",
  },
  makeIndex: {
    flags: "-i, --index",
    description: "write an index (.caidx), and the archive's chunks to the store",
  },
  with: {
    flags: "--with <feature>",
    description:
      "record this, and nothing that is not named so; may be repeated (casync's words: best, unix, acl …)",
    words: FEATURE_WORDS,
    parse: collect,
    fallbackText: "all",
  },
  without: {
    flags: "--without <feature>",
    description: "do not record this; may be repeated",
    words: FEATURE_WORDS,
    parse: collect,
  },
  restoreWith: {
    flags: "--with <feature>",
    description: "restore only what is named so; may be repeated (the words are those of tar)",
    words: FEATURE_WORDS,
    parse: collect,
    fallbackText: "all",
  },
  restoreWithout: {
    flags: "--without <feature>",
    description: "do not restore this, such as device-nodes, fcaps or chattr; may be repeated",
    words: FEATURE_WORDS,
    parse: collect,
  },
  exclude: {
    flags: "--exclude <pattern>",
    description: "leave out what this names, as a line of .caexclude does; may be repeated",
    parse: collect,
  },
  include: {
    flags: "--include <pattern>",
    description: "keep what this names, whatever else would leave it out; may be repeated",
    parse: collect,
  },
  excludeNodump: {
    flags: "--exclude-nodump <yes|no>",
    description: "leave out files with chattr's flag d",
    words: ["yes", "no"],
    parse: (text) => text === "yes",
    fallback: true,
    fallbackText: "yes",
  },
  excludeFile: {
    flags: "--exclude-file <yes|no>",
    description: "leave out what .caexclude files in the tree name",
    words: ["yes", "no"],
    parse: (text) => text === "yes",
    fallback: true,
    fallbackText: "yes",
  },
  oneFileSystem: {
    flags: "-x, --one-file-system",
    description: "leave out what is mounted inside",
  },
  inputFormat: {
    flags: "--input-format <format>",
    description: "disk, or tar to read a tar file or stream",
    words: ["disk", "tar"],
    fallback: "disk",
  },
  tarAddRoot: {
    flags: "--tar-add-root",
    description: "put a directory around what is in the tar, for those that have none",
  },
  noSameOwner: {
    flags: "--no-same-owner",
    description: "unpack as the user who runs this; no effect on a tar file",
  },
  noSamePermissions: {
    flags: "--no-same-permissions",
    description:
      "give what the umask leaves instead of the archive's permissions, and no capabilities; no effect on a tar file",
  },
  samePermissions: {
    flags: "-p, --same-permissions",
    description: "restore setuid and setgid of the caller's own files (default: for root alone)",
  },
  xattrsInclude: {
    flags: "--xattrs-include <pattern>",
    description: "restore these extended attributes, besides those in user. and trusted.; may be repeated",
    parse: collect,
  },
  outputFormat: {
    flags: "--output-format <format>",
    description: "disk, or gnu-tar to write a tar file",
    words: ["disk", "gnu-tar"],
    fallback: "disk",
  },
  noTime: { flags: "--no-time", description: "leave the archive's times out" },
  recursiveUnlink: {
    flags: "--recursive-unlink",
    description: "let other entries of the archive replace directories of the same name that are not empty",
  },
  noDescriptions: { flags: "--no-descriptions", description: "complete without descriptions" },
  digest: {
    flags: "--digest <name>",
    description: "digest of chunk ids, sha512-256 or sha256",
    words: ["sha512-256", "sha256"],
    fallbackText: "what the index says, else sha512-256",
  },
  sshBuiltin: {
    flags: "--ssh-builtin",
    description: "reach ssh:// stores without the ssh program (agent, key files and known_hosts are used)",
  },
  allowUrl: {
    flags: "--allow-url",
    description: "serve a store that is a URL, too; not where the ssh client may choose it",
  },
  config: {
    flags: "--config <file>",
    description:
      "desync's configuration file; store options in it are not supported yet, and an error for what is used",
    fallbackText: "~/.config/desync/config.json",
  },
  verbose: {
    flags: "--verbose",
    description: "print the causes of an error, and where in the program it arose",
  },
  progress: {
    flags: "--progress <mode>",
    description:
      "auto (a bar on a terminal), bar, lines (as desync writes for programs), json (a line a second) or none",
    words: ["auto", "bar", "lines", "json", "none"],
    fallback: "auto",
  },
} satisfies Record<string, Flag>;

/** Name of an option in {@linkcode FLAGS}. */
export type FlagName = keyof typeof FLAGS;

/** Options of every command. */
export const GLOBAL_FLAGS: readonly FlagName[] = ["config", "digest", "verbose"];
/** Options about the way to stores that are not on this machine. */
export const REMOTE_FLAGS: readonly FlagName[] = [
  "concurrency",
  "errorRetry",
  "errorRetryBaseInterval",
  "timeout",
  "caCert",
  "clientCert",
  "clientKey",
  "sshBuiltin",
];

/** The names of the option: `-s`, `--store`. */
export function namesOf({ flags }: Flag): string[] {
  return flags.replace(/ <.*/, "").split(", ");
}

/** Whether a value belongs to the option; otherwise it is a switch. */
export function takesValue({ flags }: Flag): boolean {
  return flags.includes("<");
}

/** Where the option's value stands in {@linkcode FlagValues}, and whether it is a `--no-…`, which turns it off. */
export function valueKey(flag: Flag): { key: string; negative: boolean } {
  const [, no, name] = /^--(no-)?(.*)$/.exec(namesOf(flag).at(-1)!)!;
  const key = name.replace(/-./g, (letters) => letters[1].toUpperCase());
  return { key, negative: no !== undefined };
}

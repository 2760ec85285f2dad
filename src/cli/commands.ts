/**
 * What commands there are: their words for the help, their options, and where the work is. A command's own file is
 * loaded only when it runs, so that the help is quick.
 */
import { type FlagName, type FlagValues, REMOTE_FLAGS } from "./flags.ts";

/** Runs a command. Returns the exit status. */
export type Run = (args: readonly string[], flags: FlagValues, signal: AbortSignal) => Promise<number>;

/** One command. */
export interface CommandSpec {
  readonly name: string;
  /** What the help lists it under. */
  readonly group: "Blobs and indexes" | "Stores" | "Archives" | "Other";
  /** What stands behind its name: `<index> <output>`; `[…]` may be missing, `…...` repeated. */
  readonly args: string;
  /** The words that arguments take, where they are fixed, by the arguments' names. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
  readonly summary: string;
  readonly description: string;
  readonly flags: readonly FlagName[];
  readonly examples: readonly string[];
  readonly load: () => Promise<{ run: Run }>;
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "extract",
    group: "Blobs and indexes",
    args: "<index> <output>",
    summary: "build a blob from an index and stores",
    description:
      `Builds the blob that an index describes, out of chunks from one or more stores. The index may be a file,
"-" for standard input, or an http(s) URL. The blob is built beside the output and renamed over it when it
is complete and verified; with -k the output itself is written to. A block device is always written in place, and
refused while it is mounted or otherwise in use. A file that is the blob already is not written at all.`,
    flags: [
      "stores",
      "cache",
      "cacheRepair",
      "inPlace",
      "force",
      "umask",
      "detailedExitStatus",
      "printStats",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: [
      "desync extract -s /mnt/store image.caibx image.raw",
      "desync extract -s https://example.com/store -c /var/cache/desync image.caibx image.raw",
      "desync extract -s /mnt/store image.caibx /dev/sdb1",
    ],
    load: () => import("./run/extract.ts"),
  },
  {
    name: "make",
    group: "Blobs and indexes",
    args: "<index> <file>",
    summary: "cut a file into chunks and write its index",
    description:
      `Cuts the file into chunks where casync cuts it, and writes the index; with -s the chunks are stored as well.
"-" as file reads standard input, "-" as index writes to standard output.`,
    flags: [
      "targetStore",
      "chunkSize",
      "uncompressed",
      "compressionLevel",
      "umask",
      "printStats",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: [
      "desync make -s /mnt/store image.caibx image.raw",
      "desync make -m 8:32:128 - image.raw > image.caibx",
      "zcat image.gz | desync make -s /mnt/store image.caibx -",
    ],
    load: () => import("./run/make.ts"),
  },
  {
    name: "chop",
    group: "Blobs and indexes",
    args: "<index> <file>",
    summary: "store the chunks of a file that an index names",
    description:
      `Stores the chunks of the file as the index cuts it, each verified before. --ignore and --ignore-chunks leave
out chunks that the store is known to have.`,
    flags: [
      "targetStore",
      "ignore",
      "ignoreChunks",
      "uncompressed",
      "compressionLevel",
      "umask",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: ["desync chop -s /mnt/store image.caibx image.raw"],
    load: () => import("./run/chop.ts"),
  },
  {
    name: "cache",
    group: "Stores",
    args: "<index...>",
    summary: "copy the chunks of indexes from stores to a store",
    description:
      `Copies the chunks that the indexes name from the stores (-s) to the one given with -c, without building the
blob: to fill a cache beforehand, or to mirror a store.`,
    flags: [
      "stores",
      "targetCache",
      "ignore",
      "ignoreChunks",
      "uncompressed",
      "compressionLevel",
      "umask",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: ["desync cache -s https://example.com/store -c /var/cache/desync image.caibx"],
    load: () => import("./run/cache.ts"),
  },
  {
    name: "cat",
    group: "Blobs and indexes",
    args: "<index> [output]",
    summary: "write a blob, or a part of it, in order",
    description:
      `Writes the blob in order to standard output, or to an output: a file gets its name when it is complete, a pipe or
device is written to as the chunks come. Every chunk is verified before it is written. -o and -l choose a part; only
the chunks of that part are fetched.`,
    flags: [
      "stores",
      "cache",
      "cacheRepair",
      "offset",
      "length",
      "umask",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: [
      "desync cat -s /mnt/store image.caibx | tar -tf -",
      "desync cat -s /mnt/store -o 1048576 -l 4096 image.caibx part.bin",
    ],
    load: () => import("./run/cat.ts"),
  },
  {
    name: "tar",
    group: "Archives",
    args: "<archive> <source>",
    summary: "pack a directory into an archive",
    description:
      `Packs a directory into an archive (.catar) with all that casync keeps; with -i into chunks in a store (-s) and their
index (.caidx). The bytes are those that casync writes for the same features. "-" as archive writes to standard output.
With --input-format tar the source is a tar file, or "-" for standard input.`,
    flags: [
      "makeIndex",
      "targetStore",
      "chunkSize",
      "with",
      "without",
      "exclude",
      "include",
      "excludeNodump",
      "excludeFile",
      "oneFileSystem",
      "inputFormat",
      "tarAddRoot",
      "noTime",
      "uncompressed",
      "compressionLevel",
      "umask",
      "printStats",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: [
      "desync tar docs.catar /srv/docs",
      "desync tar -i -s /mnt/store docs.caidx /srv/docs",
      "desync tar --with=unix --exclude='*.o' docs.catar /srv/docs",
      "zcat root.tar.gz | desync tar -i -s /mnt/store --input-format tar root.caidx -",
    ],
    load: () => import("./run/tar.ts"),
  },
  {
    name: "untar",
    group: "Archives",
    args: "<archive> <target> [path...]",
    summary: "unpack an archive, or parts of it, into a directory",
    description:
      `Unpacks an archive (.catar) into a directory. The archive may be a file, "-" for standard input, or an http(s)
URL; with -i it is an index (.caidx) of chunks in stores. Existing entries of the same name are replaced, but for
directories that are not empty where the archive has something else: that is an error unless --recursive-unlink is
given. Everything else in the target is kept. --with and --without name what is restored, as for tar. Metadata that
cannot be restored, such as owners when not run by root, is reported, and the exit status is 3 then. With
--output-format gnu-tar the target is a tar file, or "-" for standard output. With paths, only these are unpacked, as
casync does it: each is put into the target under its last name. They are found by the archive's own tables, so that
only the chunks, or the parts of a file on a web server, are fetched that they take; standard input is read as a whole.`,
    flags: [
      "index",
      "stores",
      "cache",
      "cacheRepair",
      "noSameOwner",
      "samePermissions",
      "noSamePermissions",
      "noTime",
      "restoreWith",
      "restoreWithout",
      "xattrsInclude",
      "recursiveUnlink",
      "umask",
      "outputFormat",
      "noSync",
      "progress",
      ...REMOTE_FLAGS,
    ],
    examples: [
      "desync untar docs.catar /srv/docs",
      "desync untar -i -s https://example.com/store -c /var/cache/desync docs.caidx /srv/docs",
      "desync untar --output-format gnu-tar docs.catar - | tar -tv",
      "desync untar -i -s https://example.com/store root.caidx /tmp/etc etc/hosts etc/ssl",
    ],
    load: () => import("./run/untar.ts"),
  },
  {
    name: "mtree",
    group: "Archives",
    args: "<archive>",
    summary: "print what is in an archive in the mtree format",
    description:
      `Prints each file and directory of an archive (.catar) with its attributes and digest in the mtree format. The
archive may be a file, "-" for standard input, or an http(s) URL; with -i it is an index (.caidx) of chunks in stores.
A directory is described as its archive would be.`,
    flags: ["index", "stores", "cache", "cacheRepair", "umask", ...REMOTE_FLAGS],
    examples: [
      "desync mtree docs.catar",
      "desync mtree /srv/docs",
      "desync mtree -i -s https://example.com/store docs.caidx",
    ],
    load: () => import("./run/mtree.ts"),
  },
  {
    name: "list",
    group: "Archives",
    args: "<archive>",
    summary: "list what is in an archive",
    description:
      `Lists each file and directory of an archive (.catar) with its permissions, as casync does. The archive may be a
file, "-" for standard input, or an http(s) URL; with -i it is an index (.caidx) of chunks in stores. A directory is
listed as its archive would be.`,
    flags: ["index", "stores", "cache", "cacheRepair", "umask", ...REMOTE_FLAGS],
    examples: ["desync list docs.catar", "desync list -i -s https://example.com/store docs.caidx"],
    load: () => import("./run/list.ts"),
  },
  {
    name: "verify",
    group: "Stores",
    args: "",
    summary: "check every chunk of a store",
    description:
      `Reads every chunk of a local store and checks it against its id. Invalid chunks are printed, one a line;
with -r they are removed. Ends with status 1 when an invalid chunk is left, with 3 when all were removed.`,
    flags: ["localStore", "repair", "threads", "progress"],
    examples: ["desync verify -s /mnt/store", "desync verify -r -s /var/cache/desync"],
    load: () => import("./run/verify.ts"),
  },
  {
    name: "list-chunks",
    group: "Blobs and indexes",
    args: "<index>",
    summary: "print the ids of an index's chunks",
    description:
      "Prints the ids of all chunks, one a line, in the order of the blob, repeated ones included.",
    flags: [...REMOTE_FLAGS],
    examples: ["desync list-chunks image.caibx"],
    load: () => import("./run/list_chunks.ts"),
  },
  {
    name: "info",
    group: "Blobs and indexes",
    args: "<index>",
    summary: "count chunks and bytes of an index",
    description:
      `Prints how many chunks an index has, their sizes, and how many of them are in the stores (-s), in the cache
(-c), and in other indexes (--seed).

The JSON is the same as desync's: stores are asked about every chunk, and the compressed size comes from
--chunks-info alone. It is 0 if the size of any needed chunk is not known. The plain form asks the stores only
about chunks that are neither in a seed nor in the cache, and also for their sizes, and prints "unknown" for a
size that is not known.`,
    flags: ["stores", "cache", "seed", "chunksInfo", "format", ...REMOTE_FLAGS],
    examples: [
      "desync info -s /mnt/store image.caibx",
      "desync info -f plain -s https://example.com/store --seed old.caibx new.caibx",
    ],
    load: () => import("./run/info.ts"),
  },
  {
    name: "inspect-chunks",
    group: "Blobs and indexes",
    args: "<index> [output]",
    summary: "list an index's chunks with their sizes as JSON",
    description:
      `Lists the chunks in the order of the blob as JSON: id, uncompressed_size, and compressed_size for those that
the store (-s) has.`,
    flags: ["sourceStore", "umask", ...REMOTE_FLAGS],
    examples: ["desync inspect-chunks -s /mnt/store image.caibx chunks.json"],
    load: () => import("./run/inspect_chunks.ts"),
  },
  {
    name: "verify-index",
    group: "Blobs and indexes",
    args: "<index> <file>",
    summary: "check whether a file is what an index describes",
    description:
      "Compares the file with the index. Ends with status 3, naming the first bytes that differ, when it is another.",
    flags: ["progress", ...REMOTE_FLAGS],
    examples: ["desync verify-index image.caibx image.raw"],
    load: () => import("./run/verify_index.ts"),
  },
  {
    name: "chunk",
    group: "Blobs and indexes",
    args: "<file>",
    summary: "show where a file would be cut",
    description:
      "Prints start, length and id of each chunk that the file would be cut into, separated by tabs. Stores nothing.",
    flags: ["chunkSize", "start", "threads"],
    examples: ["desync chunk image.raw", "desync chunk -m 8:32:128 -S 1048576 image.raw"],
    load: () => import("./run/chunk.ts"),
  },
  {
    name: "prune",
    group: "Stores",
    args: "[index...]",
    summary: "remove from a store what no index names",
    description:
      `Removes every chunk of a local store that none of the indexes names, and temporary files of runs that were
killed more than a day ago. Asks first unless -y is given. Nothing is removed when any index cannot be read.`,
    flags: ["localStore", "keepChunks", "yes", "dryRun", ...REMOTE_FLAGS],
    examples: [
      "desync prune --dry-run -s /mnt/store current.caibx previous.caibx",
      "desync prune -y -s /mnt/store --keep-chunks ids.txt current.caibx",
    ],
    load: () => import("./run/prune.ts"),
  },
  {
    name: "pull",
    group: "Stores",
    args: "<base> <archive> <index> <store>",
    words: { base: ["-"], archive: ["-"], index: ["-"] },
    summary: "serve chunks over standard input and output, in casync's place",
    description:
      `Serves the chunks of a store in the casync protocol over standard input and output: the remote end of ssh
stores, named by CASYNC_REMOTE_PATH on the client. The first three arguments are "-". The store is a directory of
this machine, or a URL with --allow-url.`,
    flags: ["allowUrl", ...REMOTE_FLAGS],
    examples: ["desync pull - - - /mnt/store"],
    load: () => import("./run/pull.ts"),
  },
  {
    name: "completion",
    group: "Other",
    args: "<shell>",
    words: { shell: ["bash", "zsh", "fish", "powershell"] },
    summary: "print a shell completion script",
    description:
      `Prints a script for bash, zsh, fish or PowerShell that completes commands, options, their words, and files of the
right kind. It is complete in itself: nothing is run at a TAB. Print it again after an update.`,
    flags: ["noDescriptions"],
    examples: [
      "desync completion bash > /usr/share/bash-completion/completions/desync",
      "desync completion zsh > /usr/share/zsh/vendor-completions/_desync",
      "desync completion fish > ~/.config/fish/completions/desync.fish",
      "desync completion powershell >> $PROFILE",
    ],
    load: () => import("./run/completion.ts"),
  },
  {
    name: "manpage",
    group: "Other",
    args: "[directory]",
    summary: "print the manual page, or write it into a directory",
    description:
      `Prints the manual page, with all commands and options, as man reads it. With a directory it becomes the file desync.1
in there.`,
    flags: [],
    examples: ["desync manpage | man -l -", "desync manpage /usr/local/share/man/man1"],
    load: () => import("./run/manpage.ts"),
  },
  {
    name: "version",
    group: "Other",
    args: "",
    summary: "print the versions of the program and what it runs on",
    description: "Prints what --version prints.",
    flags: [],
    examples: ["desync version"],
    load: () => import("./run/version.ts"),
  },
];

/** Options of every command, and those that are asked instead of one. */
import { choice, option, toggle } from "./flag.ts";
import { text } from "./texts.ts";

export const config = option({
  names: ["--config"],
  value: "file",
  description:
    "desync's configuration file: credentials, and options for stores by their locations; options of the command line come first",
  parse: text,
  fallbackText: "~/.config/desync/config.json",
});

export const digest = choice({
  names: ["--digest"],
  value: "name",
  description: "digest of chunk ids, sha512-256 or sha256",
  words: ["sha512-256", "sha256"],
  fallbackText: "that of the index, else sha512-256",
});

export const verbose = toggle({
  names: ["--verbose"],
  description: "print the causes of an error and a stack trace",
});

/** Every command has them without listing them. */
export const GLOBAL_FLAGS = { config, digest, verbose };

/** Shows the help. */
export const help = toggle({ names: ["-h", "--help"], description: "show this help" });

/** Shows the versions. */
export const version = toggle({
  names: ["--version"],
  description: "print the versions of the program and what it runs on",
});

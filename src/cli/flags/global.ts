/** Options of every command, and those that are asked instead of one. */
import { choice, option, toggle } from "./flag.ts";
import { text } from "./texts.ts";

export const config = option({
  names: ["--config"],
  value: "file",
  description:
    "desync's configuration file; store options in it are not supported yet, and an error for what is used",
  parse: text,
  fallbackText: "~/.config/desync/config.json",
});

export const digest = choice({
  names: ["--digest"],
  value: "name",
  description: "digest of chunk ids, sha512-256 or sha256",
  words: ["sha512-256", "sha256"],
  fallbackText: "what the index says, else sha512-256",
});

export const verbose = toggle({
  names: ["--verbose"],
  description: "print the causes of an error, and where in the program it arose",
});

/** Every command has them without listing them. */
export const GLOBAL_FLAGS = { config, digest, verbose };

/** Shows the help. */
export const help = toggle({ names: ["-h", "--help"], description: "show how to use it" });

/** Shows the versions. */
export const version = toggle({
  names: ["--version"],
  description: "print the versions of the program and what it runs on",
});

/** Options about the files that a command writes, and what it says at the end. */
import { DesyncError } from "../../core/errors.ts";
import { option, toggle } from "./flag.ts";

export const inPlace = toggle({
  names: ["-k", "--in-place"],
  description: "update the existing file in place, keeping it on failure (always on for block devices)",
});

export const force = toggle({
  names: ["--force"],
  description: "write to a block device even if it is mounted or in use",
});

export const umask = option({
  names: ["--umask"],
  value: "octal",
  description: "umask for new files, including chunks: 077 keeps them private",
  parse: permissions,
  fallbackText: "the umask of the process",
});

export const noSync = toggle({
  names: ["--no-sync"],
  description: "do not wait until the output is on the disk: a power cut may leave it incomplete",
});

export const detailedExitStatus = toggle({
  names: ["--detailed-exit-status"],
  description: "exit with status 4 if the output was already up to date",
});

export const printStats = toggle({
  names: ["--print-stats"],
  description: "print statistics as JSON at the end",
});

/** Permissions in octal digits, as chmod and umask take them. */
function permissions(text: string): number {
  if (/^0?[0-7]{1,3}$/.test(text)) return parseInt(text, 8);
  throw new DesyncError("usage", { reason: "it is not an octal number up to 777, such as 077" });
}

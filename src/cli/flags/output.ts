/** Options about the files that a command writes, and what it says at the end. */
import { DesyncError } from "../../core/errors.ts";
import { option, toggle } from "./flag.ts";

export const inPlace = toggle({
  names: ["-k", "--in-place"],
  description:
    "write into the existing file, keep what is right in it, and keep it on failure (block devices: always)",
});

export const force = toggle({
  names: ["--force"],
  description: "write to a block device although it is mounted or otherwise in use",
});

export const umask = option({
  names: ["--umask"],
  value: "octal",
  description: "permissions that new files do not get, chunks included: 077 keeps them private",
  parse: permissions,
  fallbackText: "the umask that the command was started with",
});

export const noSync = toggle({
  names: ["--no-sync"],
  description: "do not wait until what was written is on the disk: a power cut may leave parts of it",
});

export const detailedExitStatus = toggle({
  names: ["--detailed-exit-status"],
  description: "end with status 4 when the output was up to date already",
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

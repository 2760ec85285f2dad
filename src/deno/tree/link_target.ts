/** Targets of symlinks on Windows: they have a type there, and another separator. */
import { lstatSync } from "node:fs";
import { dirname, join } from "../system/paths.ts";

/**
 * Names that Windows takes for something else: devices, streams, paths, or the same name without the last characters.
 */
// deno-lint-ignore no-control-regex
const SPECIAL = /[\x00-\x1f"*/:<>?\\|]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i;

/** Whether no file on Windows can have the name. */
export function isSpecialOnWindows(name: string): boolean {
  return SPECIAL.test(name);
}

/**
 * Whether the target of a symlink in the directory is a directory now. Targets that begin elsewhere or lead through
 * another symlink are not looked at: they may name another machine, to which Windows would log in.
 */
export function leadsToDirectory(directory: string, target: string): boolean {
  if (/^[/\\]/.test(target)) return false;
  let path = directory;
  for (const part of target.split(/[/\\]/)) {
    if (part === "" || part === ".") continue;
    if (part !== ".." && isSpecialOnWindows(part)) return false;
    path = part === ".." ? dirname(path) : join(path, part);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  }
  return true;
}

/** The target as Windows has it. */
export function toWindowsTarget(target: string): string {
  return target.replaceAll("/", "\\");
}

/** What Windows has as a target as it is in archives. */
export function fromWindowsTarget(target: string): string {
  return target.replace(/^\\\\\?\\(UNC(?=\\))?/i, (_, unc) => unc === undefined ? "" : "\\").replaceAll(
    "\\",
    "/",
  );
}

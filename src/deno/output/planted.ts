/**
 * What others may have put where a file is to be written: in a directory such as /tmp, where all users make files that
 * no other user may remove, a file of the output's name would get its bytes, and a symlink would have them written elsewhere.
 *
 * The rule is that of Linux's fs.protected_symlinks, fs.protected_regular and fs.protected_fifos, which may be off: what lies
 * in such a directory counts if it belongs to who runs this or to the directory's owner.
 */
import { DesyncError } from "../../core/errors.ts";
import { kindOfFile } from "../files/file_kind.ts";
import { dirname, resolve } from "../system/paths.ts";
import { mayRead, ownIds } from "../system/permitted.ts";

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;
/** As many symlinks are followed as Linux follows. */
const MOST_LINKS = 40;

/** What is known of a file, and of the directory that it lies in. */
type Info = Pick<Deno.FileInfo, "uid" | "mode">;

/** The user who runs this, `undefined` where that may not be asked: then no files count as one's own. */
type Own = number | null | undefined;

/** Whether others may make files in the directory which we may not expect to be ours. */
export function isShared({ mode }: Info): boolean {
  return mode !== null && (mode & STICKY) !== 0 && (mode & WRITABLE_BY_OTHERS) !== 0;
}

/** Whether another user may have put the entry into the directory. */
export function isPlanted(entry: Info, directory: Info, own: Own = ownIds()?.uid): boolean {
  return isShared(directory) && entry.uid !== directory.uid && entry.uid !== own;
}

/** The same of what is at the path, not of what a symlink leads to. False where nothing is, or may be looked at. */
export function isPlantedAt(path: string, own?: Own): boolean {
  const [entry, directory] = [look(path), lookAtDirectory(path)];
  return entry !== undefined && directory !== undefined && isPlanted(entry, directory, own);
}

/**
 * Throws `io` unless what is at the path may be written into, if anything is. The path has no symlinks (see
 * {@linkcode followLinks}).
 */
export function refusePlanted(path: string, displayName: string): void {
  const [entry, directory] = [look(path), lookAtDirectory(path)];
  if (entry === undefined || directory === undefined) return;
  if (isPlanted(entry, directory)) throw planted(displayName, `it is ${kindOfFile(entry)} of another user`);
  // A second name of a file that is ours would do as well as a symlink.
  if (entry.isFile && isShared(directory) && (entry.nlink ?? 1) > 1) {
    throw planted(displayName, "it is a file that has other names");
  }
}

/** The error for what another user may have put there. */
export function planted(displayName: string, what: string): DesyncError {
  return new DesyncError("io", {
    action: "write",
    subject: displayName,
    reason: `${what}, in a directory that others may write to`,
    hint: "remove it, or write elsewhere",
  });
}

/**
 * The path with all symlinks followed, whether it exists or not. Throws `io` for a symlink that another user may have
 * planted. What may not be looked at is taken for no symlink.
 *
 * @param displayName what is to be written, if it is not the path itself
 */
export function followLinks(path: string, own?: Own, displayName: string = path): string {
  if (Deno.build.os === "windows") return realPath(path);
  const parts = split(path.startsWith("/") ? path : `${Deno.cwd()}/${path}`);
  let at = "";
  // Below what cannot be followed by its name, `..` is left to the system.
  let named = true;
  for (let links = 0; parts.length > 0;) {
    const part = parts.pop()!;
    if (part === "..") {
      at = named ? at.slice(0, Math.max(0, at.lastIndexOf("/"))) : `${at}/..`;
      continue;
    }
    const entry = `${at}/${part}`;
    const target = linkTarget(entry);
    if (target === undefined) {
      at = entry;
      continue;
    }
    if (isPlantedAt(entry, own)) {
      throw planted(
        displayName,
        `${entry === resolve(displayName) ? "it" : entry} is a symlink of another user`,
      );
    }
    if (links++ === MOST_LINKS) {
      throw new DesyncError("io", {
        action: "write",
        subject: displayName,
        reason: "too many symlinks to follow",
      });
    }
    if (!isName(entry, target)) {
      at = entry;
      named = false;
      continue;
    }
    if (target.startsWith("/")) [at, named] = ["", true];
    parts.push(...split(target));
  }
  return path.endsWith("/") ? `${at}/` : at || "/";
}

/** The parts of a path, the first one last. */
function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".").reverse();
}

/** Whether a symlink's target is a path: in /proc it may be open and have none, and others may not be UTF-8. */
function isName(link: string, target: string): boolean {
  return !link.startsWith("/proc/") && !target.includes("\ufffd");
}

function linkTarget(path: string): string | undefined {
  if (look(path)?.isSymlink !== true) return undefined;
  try {
    return Deno.readLinkSync(path);
  } catch {
    // It is gone, or may not be read: opening it gives the error.
    return undefined;
  }
}

function look(path: string): Deno.FileInfo | undefined {
  return asked(path, Deno.lstatSync);
}

function lookAtDirectory(path: string): Deno.FileInfo | undefined {
  return asked(directoryOf(path), Deno.statSync);
}

/** A path that needs no more than its last part cut off: most are, which spares loading node's module. */
const PLAIN = /^(?:\/[^/.][^/]*)+$/;

function directoryOf(path: string): string {
  const full = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  if (PLAIN.test(full)) return full.slice(0, full.lastIndexOf("/")) || "/";
  return dirname(resolve(path));
}

function asked(path: string, ask: (path: string) => Deno.FileInfo): Deno.FileInfo | undefined {
  // The user is never asked for a permission.
  if (!mayRead(path)) return undefined;
  try {
    return ask(path);
  } catch {
    return undefined;
  }
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // It is not there, or may not be looked at.
    return path;
  }
}

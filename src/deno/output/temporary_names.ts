/** Temporary names beside what they become, and the files that killed runs left under them. */
import { basename, dirname, join, resolve } from "../system/paths.ts";
import { concat, toHex } from "../../core/bytes.ts";
import { removeQuietly } from "../files/remove_quietly.ts";
import { isStale } from "../files/stale.ts";
import type { Index } from "../../formats/index/index.ts";
import { node } from "../system/node.ts";

/** A name as long as this goes into the temporary one: with up to 3 bytes each, that stays below 255 bytes. */
const NAME_PART = 60;

/** What `crypto.randomUUID` gives. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const UUID_LENGTH = 36;

/** What {@linkcode partialKey} gives. */
const KEY = /^[0-9a-f]{32}$/;

/** Whether a name is a temporary one: the prefix, and what makes it unlike all others. */
export function isTemporaryName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && UUID.test(name.slice(prefix.length));
}

/** Whether it is the name of a file that a later run may go on with: the prefix, and what it is to become. */
export function isPartialName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && KEY.test(name.slice(prefix.length));
}

/** The end of a partial file's name: the same for all indexes of the same chunks. */
export async function partialKey(index: Pick<Index, "digest" | "ends" | "ids">): Promise<string> {
  const places = new Uint8Array(index.ends.buffer, index.ends.byteOffset, index.ends.byteLength);
  const parts = [new TextEncoder().encode(index.digest), await sha256(places), await sha256(index.ids)];
  return toHex(await sha256(concat(parts))).slice(0, 32);
}

/** Without node's modules, which take longer to load than a small job. */
async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** Where what a run leaves for the next one is, which goes on from there: beside its target. */
export function partialPath(target: string, key: string): string {
  return join(dirname(resolve(target)), temporaryPrefix(basename(target)) + key);
}

/** How the temporary names of a target begin, which has this name itself. */
export function temporaryPrefix(name: string): string {
  return `.tmp-desync-${namePart(name)}-`;
}

/** No other name's: what is too long is distinguished by its digest. */
function namePart(name: string): string {
  if (name.length <= NAME_PART) return name;
  const digest = node.crypto.createHash("sha256").update(name).digest("hex").slice(0, 16);
  return `${name.slice(0, NAME_PART - digest.length - 1).toWellFormed()}~${digest}`;
}

const ALIAS_PREFIX = ".tmp-desync-~";

/** Another name for a file, until it is complete: none of another target's, which a later run may take for stale. */
export function aliasName(): string {
  return ALIAS_PREFIX + crypto.randomUUID();
}

/** Removes stale aliases in a directory, and their temporary files. */
export function removeStaleAliases(directory: string): void {
  const temporary = `.tmp-desync-${ALIAS_PREFIX}`;
  const isAlias = (name: string) =>
    isTemporaryName(name, ALIAS_PREFIX) ||
    name.startsWith(temporary) && isTemporaryName(name, name.slice(0, temporary.length + UUID_LENGTH + 1));
  // An alias has the time of the file that it is a second name of: only that of the last change of anything counts.
  removeOld(directory, isAlias, ({ ctime }) => ctime);
}

/** Removes stale temporary files whose names begin so. Partial files are left to `partial_file.ts`. */
export function removeStaleFilesOf(directory: string, prefix: string): void {
  removeOld(directory, (name) => isTemporaryName(name, prefix), ({ mtime }) => mtime);
}

function removeOld(
  directory: string,
  isOurs: (name: string) => boolean,
  timeOf: (info: Deno.FileInfo) => Date | null,
): void {
  try {
    for (const { name, isFile } of Deno.readDirSync(directory)) {
      if (!isFile || !isOurs(name)) continue;
      const path = join(directory, name);
      if (isStale(timeOf(Deno.lstatSync(path)))) removeQuietly(path);
    }
  } catch {
    // A user who may not list the directory may still write into it; and another program may have removed it first.
  }
}

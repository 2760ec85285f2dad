/** Parts of an archive, by their paths: found by its tables, or picked out of all that it says. */
import { equalBytes, nameBytes } from "../core/bytes.ts";
import { DesyncError } from "../core/errors.ts";
import type { ArchiveEvent, ArchiveEventHandler } from "../formats/archive/archive.ts";
import { escapeName } from "../formats/archive/node_text.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import { type ArchiveRange, findInArchive, missingPath } from "./find_in_archive.ts";
import { type Pieces, readArchive } from "./read_archive.ts";

/** A path in an archive: names from the root downwards, at least one. */
export type ArchivePath = readonly Uint8Array[];

/**
 * Names of `a/b`, `/a/b` or `./a/b/`. Throws `usage` when there are none, or `..`.
 *
 * @example The names of a path
 * ```ts
 * import { parseArchivePath } from "@desync/desync";
 *
 * const names = parseArchivePath("./bin/run");
 * if (names.length !== 2) throw new Error("a directory and a file");
 * ```
 */
export function parseArchivePath(text: string): ArchivePath {
  const words = text.split("/").filter((word) => word !== "" && word !== ".");
  if (words.includes("..")) {
    throw invalidPath(text, '".." is not allowed');
  }
  if (words.length === 0) throw invalidPath(text, "it names the whole archive", "omit it to get all");
  return words.map((word) => nameBytes(word));
}

function invalidPath(text: string, reason: string, hint?: string): DesyncError {
  const subject = `archive path ${JSON.stringify(text)}`;
  return new DesyncError("usage", { problem: "Invalid", subject, reason, hint });
}

/**
 * The paths that are unpacked together, each under its last name. Throws `usage` also when one is inside of another, or
 * two have the same last name.
 */
export function parseArchivePaths(texts: readonly string[]): ArchivePath[] {
  const paths = texts.map(parseArchivePath);
  for (const [i, path] of paths.entries()) {
    for (const other of paths.slice(i + 1)) {
      const [short, long] = path.length <= other.length ? [path, other] : [other, path];
      if (short.every((name, at) => equalBytes(name, long[at]))) {
        const reason = `is in ${textOf(short)}, which is asked for as well`;
        throw new DesyncError("usage", { subject: textOf(long), reason });
      }
      if (equalBytes(path.at(-1)!, other.at(-1)!)) {
        const subject = `${textOf(path)} and ${textOf(other)}`;
        throw new DesyncError("usage", { subject, reason: "would get the same name" });
      }
    }
  }
  return paths;
}

/** Parts that were found. */
export interface FoundPart {
  /** What its root is to be called. */
  readonly name: Uint8Array;
  /** Where it is in the archive. */
  readonly range: ArchiveRange;
}

/**
 * Finds all of these paths, before anything is done with them. Throws as {@linkcode findInArchive} does.
 *
 * @example Where a file lies in an archive
 * ```ts
 * import { findParts, parseArchivePath } from "@desync/desync";
 * import { FileAccess } from "@desync/desync/deno";
 *
 * using access = FileAccess.open("testdata/tree.catar");
 * const [{ range }] = await findParts(access!, [parseArchivePath("bin/run")]);
 * if (range.end > access!.size) throw new Error("it lies inside");
 * ```
 */
export async function findParts(
  access: RandomAccess,
  paths: readonly ArchivePath[],
  options: { signal?: AbortSignal } = {},
): Promise<FoundPart[]> {
  const parts: FoundPart[] = [];
  for (const path of paths) {
    for (const range of await findInArchive(access, path, options)) parts.push({ name: path.at(-1)!, range });
  }
  return parts;
}

/**
 * Calls `onEvent` for these parts, whose bytes `open` gives: each is a tree of its own whose root has its name.
 *
 * @example One file out of an archive
 * ```ts
 * import { findParts, parseArchivePath, readParts } from "@desync/desync";
 * import { FileAccess } from "@desync/desync/deno";
 *
 * using access = FileAccess.open("testdata/tree.catar");
 * if (access === null) throw new Error("it is a file");
 * const parts = await findParts(access, [parseArchivePath("bin/run")]);
 * let text = "";
 * await readParts(({ start, end }) => access.pieces(start, end), parts, (event) => {
 *   if (event.type === "data") text += new TextDecoder().decode(event.bytes);
 * });
 * if (!text.startsWith("#!")) throw new Error("it is a script");
 * ```
 */
export async function readParts(
  open: (range: ArchiveRange) => Pieces,
  parts: readonly FoundPart[],
  onEvent: ArchiveEventHandler,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  for (const { name, range } of parts) {
    let atRoot = true;
    await readArchive(
      open(range),
      (event) => {
        if (!atRoot || event.type !== "node") return onEvent(event);
        atRoot = false;
        return onEvent({ type: "node", node: { ...event.node, name } });
      },
      { ...options, part: true },
    );
  }
}

/**
 * The same for an archive that can only be read from its beginning to its end. Throws `missing-path` at the end when
 * one of the paths did not come.
 */
export async function pickParts(
  pieces: Pieces,
  paths: readonly ArchivePath[],
  onEvent: ArchiveEventHandler,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const picker = new Picker(paths, onEvent);
  await readArchive(pieces, (event) => picker.visit(event), options);
  picker.finish();
}

class Picker {
  readonly #onEvent: ArchiveEventHandler;
  readonly #missing: Set<ArchivePath>;
  readonly #paths: readonly ArchivePath[];
  /** Names of the nodes that have not ended, without the root's. */
  readonly #names: Uint8Array[] = [];
  #atRoot = true;
  /** How deep the part is that is being passed on; 0 outside of all. */
  #inside = 0;

  constructor(paths: readonly ArchivePath[], onEvent: ArchiveEventHandler) {
    this.#paths = paths;
    this.#missing = new Set(paths);
    this.#onEvent = onEvent;
  }

  visit(event: ArchiveEvent): void | Promise<void> {
    if (event.type === "node") return this.#begin(event);
    const inside = this.#inside > 0;
    if (event.type === "end") {
      if (this.#names.length === this.#inside) this.#inside = 0;
      this.#names.pop();
    }
    return inside ? this.#onEvent(event) : undefined;
  }

  finish(): void {
    const [path] = this.#missing;
    if (path !== undefined) throw missingPath(textOf(path));
  }

  #begin(event: ArchiveEvent & { type: "node" }): void | Promise<void> {
    if (this.#atRoot) {
      this.#atRoot = false;
      return;
    }
    this.#names.push(event.node.name);
    if (this.#inside === 0) {
      const path = this.#paths.find((names) => this.#isHere(names));
      if (path === undefined) return;
      this.#missing.delete(path);
      this.#inside = this.#names.length;
    }
    return this.#onEvent(event);
  }

  #isHere(names: ArchivePath): boolean {
    return names.length === this.#names.length && names.every((name, i) => equalBytes(name, this.#names[i]));
  }
}

function textOf(path: ArchivePath): string {
  return path.map(escapeName).join("/");
}

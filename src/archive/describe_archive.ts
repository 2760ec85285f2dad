/** An archive's content as text: its listing, or an mtree. */
import { toHex } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import type { ArchiveEvent, ArchiveEventHandler } from "../formats/archive/archive.ts";
import type { ArchiveNode } from "../formats/archive/archive_elements.ts";
import { MTREE_HEADER, mtreeLine } from "../formats/archive/mtree.ts";
import { escapeName, listLine } from "../formats/archive/node_text.ts";

/** Computes a digest of bytes that come in pieces. */
export interface Hasher {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The digest of all of them; nothing can be added any more. */
  digest(): Uint8Array;
}

/** Begins a digest. */
export type MakeHasher = (name: DigestName) => Hasher;

/** Takes lines as they are ready. */
export type Print = (text: string) => void;

/**
 * Prints what `casync list` does.
 *
 * @example List an archive
 * ```ts
 * import { listTo, readArchive } from "@desync/desync";
 *
 * using file = await Deno.open("testdata/tree.catar");
 * let text = "";
 * await readArchive(file.readable, listTo((line) => text += line));
 * if (!text.startsWith("drwxr-xr-x .\n")) throw new Error("the root comes first");
 * ```
 */
export function listTo(print: Print): ArchiveEventHandler {
  const lister = new Lister(print);
  return (event) => lister.visit(event);
}

/**
 * Prints an mtree, with a digest of every file.
 *
 * @example Describe an archive with the digests of its files
 * ```ts
 * import { mtreeTo, readArchive } from "@desync/desync";
 * import { createHash } from "node:crypto";
 *
 * using file = await Deno.open("testdata/tree.catar");
 * let text = "";
 * const make = () => createHash("sha512-256");
 * await readArchive(file.readable, mtreeTo((line) => text += line, { name: "sha512-256", make }));
 * if (!/^hello.txt .* sha512256digest=[0-9a-f]{64}$/m.test(text)) throw new Error("a file is missing");
 * ```
 */
export function mtreeTo(
  print: Print,
  digest: { readonly name: DigestName; readonly make: MakeHasher },
): ArchiveEventHandler {
  print(MTREE_HEADER);
  const printer = new MtreePrinter(digest.name, digest.make, print);
  return (event) => printer.visit(event);
}

/** Knows the path of the node that events are about. */
class PathTracker {
  readonly #names: string[] = [];

  /** Enters the node. Returns its escaped path, `.` for the root. */
  enter(node: ArchiveNode): string {
    this.#names.push(escapeName(node.name));
    return this.#names.length === 1 ? "." : this.#names.slice(1).join("/");
  }

  leave(): void {
    this.#names.pop();
  }
}

class Lister {
  readonly #path = new PathTracker();
  readonly #print: Print;

  constructor(print: Print) {
    this.#print = print;
  }

  visit(event: ArchiveEvent): void {
    if (event.type === "node") this.#print(listLine(this.#path.enter(event.node), event.node));
    else if (event.type === "end") this.#path.leave();
  }
}

/** Turns events into lines. A file's line comes with its end, when its digest is known. */
class MtreePrinter {
  readonly #path = new PathTracker();
  readonly #digest: DigestName;
  readonly #makeHasher: MakeHasher;
  readonly #print: Print;
  #file: { path: string; node: ArchiveNode; hasher: Hasher } | undefined;

  constructor(digest: DigestName, makeHasher: MakeHasher, print: Print) {
    this.#digest = digest;
    this.#makeHasher = makeHasher;
    this.#print = print;
  }

  visit(event: ArchiveEvent): void {
    if (event.type === "data") this.#file?.hasher.update(event.bytes);
    else if (event.type === "end") this.#end();
    else if (event.type === "node") this.#begin(event.node);
  }

  #begin(node: ArchiveNode): void {
    const path = this.#path.enter(node);
    if (node.kind === "file") this.#file = { path, node, hasher: this.#makeHasher(this.#digest) };
    else this.#print(mtreeLine(path, node));
  }

  #end(): void {
    this.#path.leave();
    if (this.#file === undefined) return;
    const { path, node, hasher } = this.#file;
    this.#print(mtreeLine(path, node, { name: this.#digest, hex: toHex(hasher.digest()) }));
    this.#file = undefined;
  }
}

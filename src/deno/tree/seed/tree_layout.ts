/**
 * Where each byte of a tree's archive comes from: from a file of the tree, or from what the archive says around files'
 * bytes, which is kept here.
 */
import { ArchiveEncoder } from "../../../formats/archive/archive_encoder.ts";
import type { ArchiveEvent } from "../../../formats/archive/archive.ts";
import { GrowingNumbers } from "./growing_numbers.ts";
import { SpooledBytes } from "./spooled_bytes.ts";

/** The root of the tree among {@linkcode TreeLayout}'s directories. */
export const ROOT = 0;

/** Reads a part of a file of the tree into the buffer. False when the file does not have so many bytes, or is gone. */
export type ReadFile = (file: number, buffer: Uint8Array, offset: number) => boolean;

/** Takes the events of a tree, then finds its bytes. Memory: about 60 bytes a file and its name. */
export class TreeLayout implements Disposable {
  readonly #encoder: ArchiveEncoder;
  readonly #around = new SpooledBytes();
  /** Of each file with bytes: where they begin and end in the archive, and how many bytes of files come before them. */
  readonly #starts = new GrowingNumbers();
  readonly #ends = new GrowingNumbers();
  readonly #before = new GrowingNumbers();
  /** The directory of each of these files, and its name's place. */
  readonly #fileParents = new GrowingNumbers();
  readonly #fileNames = new GrowingNumbers();
  /** The same of each directory; the root has neither. */
  readonly #parents = new GrowingNumbers();
  readonly #names = new GrowingNumbers();
  readonly #allNames = new SpooledBytes();
  #namesEnd = 0;
  #fileBytes = 0;
  /** The directories that have not ended, and -1 for a node that is none. */
  readonly #open: number[] = [];

  /** Of the archive with these features. */
  constructor(features: bigint) {
    this.#encoder = new ArchiveEncoder(features, (piece) => this.#around.append(piece));
  }

  /** Bytes of the archive so far. */
  get size(): number {
    return this.#encoder.size;
  }

  /** Takes an event. The bytes of files are not needed. Throws as the encoder does. */
  visit(event: ArchiveEvent): void {
    if (event.type === "data") return;
    this.#encoder.visit(event);
    if (event.type === "end") this.#open.pop();
    if (event.type !== "node") return;
    const { kind, name, size } = event.node;
    const parent = this.#open.at(-1) ?? -1;
    this.#open.push(kind === "directory" ? this.#parents.length : -1);
    if (kind === "directory") {
      this.#parents.push(parent);
      this.#names.push(this.#addName(name));
    } else if (kind === "file" && size > 0) {
      this.#starts.push(this.size);
      this.#before.push(this.#fileBytes);
      this.#fileParents.push(parent);
      this.#fileNames.push(this.#addName(name));
      this.#encoder.skipData(size);
      this.#ends.push(this.size);
      this.#fileBytes += size;
    }
  }

  /** To be called after the last event. Throws `usage` when the tree is not complete. */
  finish(): void {
    this.#encoder.finish();
  }

  /** A part of the archive, which must be inside of it; `null` when a file no longer has its bytes. */
  read(start: number, length: number, readFile: ReadFile): Uint8Array<ArrayBuffer> | null {
    const bytes = new Uint8Array(length);
    const end = start + length;
    // The first file that ends behind the start.
    let file = this.#ends.firstAbove(start);
    for (let at = start; at < end;) {
      const isLast = file === this.#starts.length;
      const fileStart = isLast ? end : this.#starts.at(file);
      if (at < fileStart) {
        const to = Math.min(fileStart, end);
        const before = isLast ? this.#fileBytes : this.#before.at(file);
        this.#around.read(bytes.subarray(at - start, to - start), at - before);
        at = to;
      } else {
        const to = Math.min(this.#ends.at(file), end);
        if (!readFile(file, bytes.subarray(at - start, to - start), at - fileStart)) return null;
        at = to;
        file++;
      }
    }
    return bytes;
  }

  /** The directory that a file is in, and its name there. */
  placeOf(file: number): { readonly directory: number; readonly name: Uint8Array } {
    return { directory: this.#fileParents.at(file), name: this.#nameAt(this.#fileNames.at(file)) };
  }

  /** The directory around one, and its name there; not for the {@linkcode ROOT}. */
  directoryAround(directory: number): { readonly directory: number; readonly name: Uint8Array } {
    return { directory: this.#parents.at(directory), name: this.#nameAt(this.#names.at(directory)) };
  }

  [Symbol.dispose](): void {
    this.#around[Symbol.dispose]();
    this.#allNames[Symbol.dispose]();
  }

  /** The place of the name: a byte with its length, and the name. */
  #addName(name: Uint8Array): number {
    const place = this.#namesEnd;
    this.#allNames.append(Uint8Array.of(name.length));
    this.#allNames.append(name);
    this.#namesEnd += 1 + name.length;
    return place;
  }

  #nameAt(place: number): Uint8Array {
    const length = new Uint8Array(1);
    this.#allNames.read(length, place);
    const name = new Uint8Array(length[0]);
    this.#allNames.read(name, place + 1);
    return name;
  }
}

/**
 * Writes archives (.catar): nodes in the archive's order become bytes, casync's for the same features.
 *
 * The format is described in archive_elements.ts and goodbye.ts. Of a directory, the table of its children is kept until its
 * end; files' bytes are passed on as they come.
 */
import { compareBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { ArchiveEvent } from "./archive.ts";
import {
  type ArchiveNode,
  ELEMENT,
  ELEMENT_HEADER_BYTES,
  MAX_NAME_BYTES,
  type NodeKind,
} from "./archive_elements.ts";
import { ByteWriter } from "../byte_writer.ts";
import { FEATURES, normalizeFeatures } from "./features.ts";
import { buildGoodbye, type GoodbyeItem, nameHash } from "./goodbye.ts";
import { escapeName } from "./node_text.ts";
import { NodeWriter, unsupported } from "./node_writer.ts";

/** Features without which nodes of a kind are left out. */
const NEEDED: Readonly<Partial<Record<NodeKind, bigint>>> = {
  symlink: FEATURES.symlinks,
  block: FEATURES["device-nodes"],
  char: FEATURES["device-nodes"],
  fifo: FEATURES.fifos,
  socket: FEATURES.sockets,
};

/** A directory that is being written. */
interface OpenDirectory {
  /** Place of its ENTRY. */
  readonly entryAt: number;
  /** Its children so far: place of FILENAME, size, hash. */
  readonly children: { readonly start: number; size: number; readonly hash: bigint }[];
  previous: Uint8Array | undefined;
}

/**
 * Makes the bytes of one archive out of events, as a decoder gives them.
 *
 * @example Write what was read, with less in it
 * ```ts
 * import { ArchiveDecoder, ArchiveEncoder, featuresOf } from "@desync/desync";
 *
 * const decoder = new ArchiveDecoder();
 * decoder.push(await Deno.readFile("testdata/tree.catar"));
 * const pieces: Uint8Array<ArrayBuffer>[] = [];
 * const encoder = new ArchiveEncoder(featuresOf("sec-time"), (piece) => pieces.push(piece));
 * for (let event = decoder.next(); event !== null; event = decoder.next()) encoder.visit(event);
 * encoder.finish();
 * if (new Blob(pieces).size !== encoder.size) throw new Error("a piece is missing");
 * ```
 */
export class ArchiveEncoder {
  /** What is recorded: the fewest flags that say so. */
  readonly features: bigint;
  readonly #writer: ByteWriter;
  readonly #nodes: NodeWriter;
  readonly #directories: OpenDirectory[] = [];
  /** Bytes of the file that have not come yet; `undefined` outside of files. */
  #left: number | undefined;
  /** The node that was left out, until its end. */
  #skipping = false;
  /** The symlink, pipe … whose end comes next. */
  #leaf = false;
  #done = false;

  /** `emit` gets the bytes in pieces, which belong to it. */
  constructor(features: bigint, emit: (piece: Uint8Array<ArrayBuffer>) => void) {
    this.features = normalizeFeatures(features);
    this.#writer = new ByteWriter(emit);
    this.#nodes = new NodeWriter(this.features, this.#writer);
  }

  /** Bytes of the archive so far. */
  get size(): number {
    return this.#writer.offset;
  }

  /** Whether nodes of this kind are recorded; others are left out. */
  records(kind: NodeKind): boolean {
    const needed = NEEDED[kind];
    return needed === undefined || (this.features & needed) !== 0n;
  }

  /**
   * Writes what the event says. Throws `usage` for events that come in an order in which they make no archive, and
   * `unsupported` for what the features cannot record.
   */
  visit(event: ArchiveEvent): void {
    if (event.type === "node") this.#begin(event.node);
    else if (event.type === "data") this.#data(event.bytes);
    else if (event.type === "end") this.#end();
  }

  /**
   * Takes the next bytes of the file as given, in place of `data`, without passing them on: where only the rest of an
   * archive is wanted.
   */
  skipData(length: number): void {
    if (this.#skipping) return;
    if (this.#left === undefined || length > this.#left) throw misplaced("bytes of no file");
    this.#left -= length;
    this.#writer.skip(length);
  }

  /** To be called after the last event: passes on what is left. Throws `usage` when the archive is not complete. */
  finish(): void {
    if (!this.#done) throw misplaced("the end of an archive that is not complete");
    this.#writer.flush();
  }

  #begin(node: ArchiveNode): void {
    if (this.#done || this.#left !== undefined || this.#leaf || this.#skipping) throw misplaced("a node");
    const directory = this.#directories.at(-1);
    if (directory === undefined && this.size > 0) throw misplaced("a node");
    if (!this.records(node.kind)) {
      if (directory === undefined) throw unsupported(node, "an archive of nothing else cannot leave it out");
      this.#skipping = true;
      return;
    }
    // Nothing would show a reader that it has ended.
    if (directory === undefined && (node.kind === "fifo" || node.kind === "socket")) {
      throw unsupported(node, "no archive can be of it alone");
    }
    if (directory !== undefined) this.#writeFilename(directory, node.name);
    const entryAt = this.#writer.offset;
    this.#nodes.writeEntry(node);
    this.#nodes.writeAttributes(node);
    if (node.kind === "directory") {
      this.#directories.push({ entryAt, children: [], previous: undefined });
    } else if (node.kind === "file") {
      this.#left = node.size;
      this.#writer.u64(ELEMENT_HEADER_BYTES + node.size, ELEMENT.payload);
    } else {
      this.#leaf = true;
      if (node.kind === "symlink") this.#nodes.text(ELEMENT.symlink, required(node, node.target));
      else if (node.kind === "block" || node.kind === "char") {
        const { major, minor } = required(node, node.device);
        this.#writer.u64(ELEMENT_HEADER_BYTES + 16, ELEMENT.device, major, minor);
      }
    }
  }

  #data(bytes: Uint8Array): void {
    if (this.#skipping) return;
    if (this.#left === undefined || bytes.length > this.#left) throw misplaced("bytes of no file");
    this.#left -= bytes.length;
    this.#writer.bytes(bytes);
  }

  #end(): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (this.#leaf) this.#leaf = false;
    else if (this.#left !== undefined) {
      if (this.#left > 0) throw misplaced("the end of a file that is not complete");
      this.#left = undefined;
    } else this.#writeGoodbye();
    const child = this.#directories.at(-1)?.children.at(-1);
    if (child === undefined) this.#done = true;
    else child.size = this.size - child.start;
  }

  #writeFilename(directory: OpenDirectory, name: Uint8Array): void {
    if (name.length === 0 || name.length > MAX_NAME_BYTES) {
      throw new DesyncError("usage", {
        action: "write",
        subject: "an archive",
        reason: `it can hold no name of ${name.length} bytes`,
      });
    }
    if (directory.previous !== undefined && compareBytes(directory.previous, name) >= 0) {
      throw misplaced(`${escapeName(name)} behind ${escapeName(directory.previous)}`);
    }
    directory.previous = name;
    directory.children.push({ start: this.size, size: 0, hash: nameHash(name) });
    this.#nodes.text(ELEMENT.filename, name);
  }

  #writeGoodbye(): void {
    const directory = this.#directories.pop();
    if (directory === undefined) throw misplaced("an end");
    const start = this.size;
    const items = directory.children.map((child): GoodbyeItem => ({
      offset: start - child.start,
      size: child.size,
      hash: child.hash,
    }));
    this.#writer.bytes(buildGoodbye(items, start - directory.entryAt));
  }
}

function required<T>(node: ArchiveNode, value: T | undefined): T {
  if (value === undefined) throw misplaced(`a ${node.kind} without all that makes one`);
  return value;
}

function misplaced(what: string): DesyncError {
  const reason = `${what} came where none can be`;
  return new DesyncError("usage", { action: "write", subject: "an archive", reason });
}

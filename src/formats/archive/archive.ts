/**
 * Reads archives (.catar): bytes in pieces of any size become nodes, in the archive's order, depth first.
 *
 * The format is described in archive_elements.ts and goodbye.ts. Memory is bounded whatever the archive says: a file's bytes
 * are passed on as they come, of a directory only a sum over its children is kept.
 *
 * Like casync, the names in a directory may come in any order and repeat (desync makes such archives of tar files).
 * Unlike casync, which does not look at them when it reads an archive as a whole, tables of children that do not fit
 * are errors.
 */
import { readU64, viewOf } from "../../core/bytes.ts";
import {
  type ArchiveNode,
  ELEMENT_HEADER_BYTES,
  type ElementName,
  MAX_DEPTH,
  type NodeKind,
} from "./archive_elements.ts";
import {
  checkElementSize,
  elementName,
  invalidArchive,
  NodeBuilder,
  parseDevice,
  parseFilename,
  parseTarget,
} from "./archive_node.ts";
import { ByteQueue } from "../byte_queue.ts";
import { checkGoodbyeTail, GOODBYE_ITEM_BYTES, GoodbyeSum, nameHash, parseGoodbyeItem } from "./goodbye.ts";

/** What an archive says next. Every node has one end; what is between is inside of it. */
export type ArchiveEvent =
  | { readonly type: "node"; readonly node: ArchiveNode }
  /** Bytes of the file, a part of what was pushed. */
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "end" }
  /** A name without a node, which desync 1.0.4 writes for pipes and sockets. It has no end. */
  | { readonly type: "omitted"; readonly name: Uint8Array };

/**
 * Takes the events of an archive, or of a tree read as one, in their order. The caller waits for the promise, if there
 * is one.
 */
export type ArchiveEventHandler = (event: ArchiveEvent) => void | Promise<void>;

/** A directory whose children are being read. */
interface Directory {
  /** Place of its ENTRY in the archive. */
  readonly start: number;
  readonly children: GoodbyeSum;
  /** Its own place and hash in the directory around it. */
  readonly own: NodeStart;
}

/** Where a node begins with its FILENAME, and the hash of its name. */
interface NodeStart {
  readonly start: number;
  readonly hash: bigint;
}

type State =
  | { readonly at: "element" }
  | { readonly at: "payload"; left: number }
  | { readonly at: "goodbye"; left: number; readonly size: number; readonly start: number; sum: GoodbyeSum }
  | { readonly at: "done" };

const NO_BYTES = new Uint8Array(0);
const END: ArchiveEvent = { type: "end" };
const NO_START: NodeStart = { start: 0, hash: 0n };

/**
 * Makes events out of the bytes of one archive.
 *
 * @example The names in an archive that arrives piece by piece
 * ```ts
 * import { ArchiveDecoder } from "@desync/desync";
 *
 * const names: string[] = [];
 * const decoder = new ArchiveDecoder();
 * const take = () => {
 *   for (let event = decoder.next(); event !== null; event = decoder.next()) {
 *     if (event.type === "node") names.push(new TextDecoder().decode(event.node.name));
 *   }
 * };
 * using file = await Deno.open("testdata/tree.catar");
 * for await (const piece of file.readable) {
 *   decoder.push(piece);
 *   take();
 * }
 * decoder.end();
 * take();
 * decoder.finish();
 * if (!names.includes("hello.txt")) throw new Error("a name is missing");
 * ```
 */
export class ArchiveDecoder {
  readonly #queue = new ByteQueue();
  readonly #directories: Directory[] = [];
  readonly #ready: ArchiveEvent[] = [];
  #state: State = { at: "element" };
  /** The node whose elements are being read. */
  #node: NodeBuilder | undefined;
  /** The name that the next ENTRY gets; the root has none. */
  #name: Uint8Array | undefined = NO_BYTES;
  #nodeStart: NodeStart = NO_START;
  #entryAt = 0;
  #features: bigint | undefined;
  /** Bytes that were taken out of the queue. */
  #offset = 0;
  readonly #part: boolean;

  /** With `part` the bytes are those of one node inside of an archive, from its ENTRY to its end. */
  constructor(options: { part?: boolean } = {}) {
    this.#part = options.part ?? false;
  }

  /** Whether the archive is complete. */
  get done(): boolean {
    return this.#state.at === "done" && this.#ready.length === 0;
  }

  /** Whether all that was pushed is in events already: nothing refers to the pieces but the bytes of `data`. */
  get usedAll(): boolean {
    return this.#queue.length === 0 && this.#ready.length === 0;
  }

  /** Takes the next piece. It must not be changed before its events are used. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /** The next event, `null` when more bytes are needed. Throws `invalid-archive`. */
  next(): ArchiveEvent | null {
    while (this.#ready.length === 0) {
      if (!this.#advance()) return null;
    }
    return this.#ready.shift()!;
  }

  /** To be called after the last piece and its events: there may be more of these now. */
  end(): void {
    const kind = this.#node?.kind;
    if (!this.#part || this.#directories.length > 0 || this.#queue.length > 0) return;
    // Nothing else shows where a pipe or a socket ends. No whole archive is of one.
    if (kind === "fifo" || kind === "socket") this.#finishNode([kind], "entry", {}, this.#offset);
  }

  /** To be called after {@linkcode end} and its events. Throws `invalid-archive` when the archive is not complete. */
  finish(): void {
    if (this.done) return;
    const where = this.#offset + this.#queue.length;
    throw invalidArchive(where === 0 ? "it is empty" : `it ends after ${where} bytes, before it is complete`);
  }

  /** Does the next step. False when more bytes are needed for it. */
  #advance(): boolean {
    const state = this.#state;
    switch (state.at) {
      case "payload":
        return this.#readPayload(state);
      case "goodbye":
        return this.#readGoodbye(state);
      case "done":
        if (this.#queue.length > 0) throw invalidArchive(`something follows its end at byte ${this.#offset}`);
        return false;
      case "element":
        return this.#readElement();
    }
  }

  #take(count: number): Uint8Array {
    this.#offset += count;
    return this.#queue.take(count);
  }

  #readElement(): boolean {
    if (this.#queue.length < ELEMENT_HEADER_BYTES) return false;
    const header = viewOf(this.#queue.peek(ELEMENT_HEADER_BYTES));
    const element = elementName(header.getBigUint64(8, true), this.#offset);
    const size = readU64(header, 0);
    if (size === undefined) {
      throw invalidArchive(`at byte ${this.#offset} an element has more than 2^53 bytes`);
    }
    checkElementSize(element, size, this.#offset);
    if (element === "payload" || element === "goodbye") {
      this.#begin(element, size);
      return true;
    }
    if (this.#queue.length < size) return false;
    const start = this.#offset;
    // A copy: a name that someone keeps would keep a whole piece.
    const body = new Uint8Array(this.#take(size).subarray(ELEMENT_HEADER_BYTES));
    if (element === "entry") this.#readEntry(body, start);
    else if (element === "filename") this.#readFilename(body, start);
    else if (element === "symlink") {
      this.#finishNode(["symlink"], element, { target: parseTarget(body) }, this.#offset);
    } else if (element === "device") {
      this.#finishNode(["block", "char"], element, { device: parseDevice(body) }, this.#offset);
    } else if (this.#node === undefined) throw this.#misplaced(element);
    else this.#node.add(element, body);
    return true;
  }

  #misplaced(element: ElementName): Error {
    return invalidArchive(
      `an element comes where none of its type can be (${element}), before byte ${this.#offset}`,
    );
  }

  #readEntry(body: Uint8Array, start: number): void {
    if (this.#name === undefined || this.#node !== undefined) throw this.#misplaced("entry");
    const node = new NodeBuilder(this.#name, body);
    this.#features ??= node.features;
    if (node.features !== this.#features) throw invalidArchive("its feature flags change on the way");
    this.#node = node;
    this.#name = undefined;
    this.#entryAt = start;
  }

  #readFilename(body: Uint8Array, start: number): void {
    this.#closeHeader("filename", start);
    this.#name = parseFilename(body);
    this.#nodeStart = { start, hash: nameHash(this.#name) };
  }

  /**
   * FILENAME and GOODBYE show that the node before them, a directory, pipe or socket, has no more elements, or that a
   * name before them has no node.
   */
  #closeHeader(element: ElementName, start: number): void {
    const kind = this.#node?.kind;
    if (kind === "fifo" || kind === "socket") this.#finishNode([kind], element, {}, start);
    else if (kind === "directory") this.#openDirectory(element);
    const directory = this.#directories.at(-1);
    if (this.#node !== undefined || directory === undefined) throw this.#misplaced(element);
    if (this.#name === undefined) return;
    this.#ready.push({ type: "omitted", name: this.#name });
    directory.children.add(this.#nodeStart.start, start - this.#nodeStart.start, this.#nodeStart.hash);
    this.#name = undefined;
  }

  #openDirectory(element: ElementName): void {
    if (this.#directories.length === MAX_DEPTH) {
      throw invalidArchive(`it has directories ${MAX_DEPTH + 1} deep, no more than ${MAX_DEPTH} are read`);
    }
    this.#announce(["directory"], element, { size: 0 });
    this.#directories.push({ start: this.#entryAt, children: new GoodbyeSum(), own: this.#nodeStart });
  }

  /** Passes the node on. Its kind has to be one of these. */
  #announce(kinds: NodeKind[], element: ElementName, content: Parameters<NodeBuilder["finish"]>[0]): void {
    if (this.#node === undefined || !kinds.includes(this.#node.kind)) throw this.#misplaced(element);
    this.#ready.push({ type: "node", node: this.#node.finish(content) });
    this.#node = undefined;
  }

  /** Passes on a node that has no bytes and no children. */
  #finishNode(
    kinds: NodeKind[],
    element: ElementName,
    content: Pick<ArchiveNode, "target" | "device">,
    end: number,
  ): void {
    this.#announce(kinds, element, { size: 0, ...content });
    this.#endNode(this.#nodeStart, end);
  }

  #begin(element: "payload" | "goodbye", size: number): void {
    if (element === "goodbye") {
      const start = this.#offset;
      this.#closeHeader(element, start);
      const body = size - ELEMENT_HEADER_BYTES;
      if (body < GOODBYE_ITEM_BYTES || body % GOODBYE_ITEM_BYTES !== 0) {
        throw invalidArchive(`at byte ${start} there is a table of children of ${size} bytes`);
      }
      this.#take(ELEMENT_HEADER_BYTES);
      this.#state = { at: "goodbye", left: body, size, start, sum: new GoodbyeSum() };
      return;
    }
    this.#announce(["file"], element, { size: size - ELEMENT_HEADER_BYTES });
    this.#take(ELEMENT_HEADER_BYTES);
    this.#state = { at: "payload", left: size - ELEMENT_HEADER_BYTES };
    if (size === ELEMENT_HEADER_BYTES) this.#endNode(this.#nodeStart, this.#offset);
  }

  #readPayload(state: { left: number }): boolean {
    if (this.#queue.length === 0) return false;
    const bytes = this.#queue.takeSome(state.left);
    this.#offset += bytes.length;
    state.left -= bytes.length;
    this.#ready.push({ type: "data", bytes });
    if (state.left === 0) this.#endNode(this.#nodeStart, this.#offset);
    return true;
  }

  #readGoodbye(state: State & { at: "goodbye" }): boolean {
    if (this.#queue.length < GOODBYE_ITEM_BYTES) return false;
    const bytes = this.#take(GOODBYE_ITEM_BYTES);
    state.left -= GOODBYE_ITEM_BYTES;
    const directory = this.#directories[this.#directories.length - 1];
    if (state.left > 0) {
      const item = parseGoodbyeItem(bytes);
      if (item.offset > state.start) {
        throw invalidArchive("a directory's table of children points outside of it");
      }
      state.sum.add(state.start - item.offset, item.size, item.hash);
      return true;
    }
    checkGoodbyeTail(bytes, state.size, state.start - directory.start);
    if (!state.sum.equals(directory.children)) {
      throw invalidArchive(
        `the table of children at byte ${state.start} does not name what is in its directory`,
      );
    }
    this.#directories.pop();
    this.#endNode(directory.own, this.#offset);
    return true;
  }

  /** The node that begins at `node` is complete. */
  #endNode(node: NodeStart, end: number): void {
    this.#ready.push(END);
    const parent = this.#directories[this.#directories.length - 1];
    if (parent === undefined) {
      this.#state = { at: "done" };
      return;
    }
    parent.children.add(node.start, end - node.start, node.hash);
    this.#state = { at: "element" };
  }
}

/**
 * Reads tars: bytes in pieces of any size become members, in the tar's order.
 *
 * Memory is bounded whatever the tar says: a file's bytes are left out, and read by the caller from where they are,
 * and what comes before a member has a limit. Paths are not checked here: see tar_tree.ts.
 */
import { ByteQueue } from "../byte_queue.ts";
import type { FindId } from "./tar_acl.ts";
import {
  isZeroBlock,
  parseSparseBlock,
  parseSparseHeader,
  parseTarHeader,
  type TarHeader,
} from "./tar_header.ts";
import {
  invalidTar,
  MAX_TAR_HEADER_BYTES,
  paddingOf,
  TAR_BLOCK_BYTES,
  TAR_TYPE,
  type TarMember,
} from "./tar_member.ts";
import { applyPax, type PaxFields, readPaxFields } from "./tar_pax_fields.ts";
import { buildMember, hasNoBytes, unsupportedType } from "./tar_build_member.ts";
import { checkSparse, SparseMapReader, sparseParts } from "./tar_sparse.ts";

/** Headers before a member's own. */
interface Before {
  readonly pax: Map<string, Uint8Array>;
  readonly sparse00: number[];
  longName?: Uint8Array;
  longLink?: Uint8Array;
  bytes: number;
}

/** A member whose sparse parts are being read. */
interface Pending {
  readonly header: TarHeader;
  readonly fields: PaxFields;
}

type State =
  | { readonly at: "header" }
  /** Bytes of an extended header. */
  | { readonly at: "extended"; readonly type: string; readonly size: number }
  | {
    readonly at: "sparse-blocks";
    readonly pending: Pending;
    readonly size: number;
    readonly numbers: number[];
  }
  | { readonly at: "sparse-map"; readonly pending: Pending; readonly map: SparseMapReader }
  /** Bytes of a member. */
  | { readonly at: "skip"; left: number }
  | { readonly at: "done" };

function nothingBefore(): Before {
  return { pax: new Map(), sparse00: [], bytes: 0 };
}

/** Makes members out of the bytes of one tar. */
export class TarDecoder {
  readonly #queue = new ByteQueue();
  readonly #findId: FindId;
  readonly #global = new Map<string, Uint8Array>();
  #before = nothingBefore();
  #state: State = { at: "header" };
  #ready: TarMember | undefined;
  /** Bytes that were taken out of the queue. */
  #offset = 0;

  /** `findId` is asked for the numbers of users in access lists, which tars give by name alone. */
  constructor(findId: FindId) {
    this.#findId = findId;
  }

  /** Whether the end has been read. What follows is ignored. */
  get done(): boolean {
    return this.#state.at === "done";
  }

  /** Place in the tar of what comes next: after a member, of its bytes. */
  get offset(): number {
    return this.#offset;
  }

  /** Takes the next piece. It must not be changed before the next one is asked for. */
  push(piece: Uint8Array): void {
    if (!this.done) this.#queue.push(piece);
  }

  /** The next member, `null` when more bytes are needed. Throws `invalid-archive`, `unsupported`. */
  next(): TarMember | null {
    while (this.#ready === undefined) {
      if (!this.#advance()) return null;
    }
    const member = this.#ready;
    this.#ready = undefined;
    return member;
  }

  /**
   * Leaves out the bytes of the member that came last at once. Returns how many bytes behind those that were pushed the
   * caller has to leave out as well: the next piece to be pushed begins behind them.
   */
  skipData(): number {
    const state = this.#state;
    if (state.at !== "skip") return 0;
    const { left } = state;
    const here = Math.min(left, this.#queue.length);
    this.#queue.take(here);
    this.#offset += left;
    this.#state = { at: "header" };
    return left - here;
  }

  /**
   * To be called after the last piece and its members. `missing` is how many bytes that were to be left out are not
   * there. Throws `invalid-archive` when the tar is not complete.
   */
  finish(missing = 0): void {
    if (this.done) return;
    const where = this.#offset + this.#queue.length - missing;
    if (where === 0) throw invalidTar("it is empty");
    // The second block of zeros is one that many programs do without.
    throw invalidTar(`it ends after ${where} bytes, without the block of zeros that ends a tar`);
  }

  #advance(): boolean {
    const state = this.#state;
    switch (state.at) {
      case "header":
        return this.#readHeader();
      case "extended":
        return this.#readExtended(state);
      case "sparse-blocks":
        return this.#readSparseBlock(state);
      case "sparse-map":
        return this.#readSparseMap(state);
      case "skip":
        return this.#skip(state);
      case "done":
        return false;
    }
  }

  #take(count: number): Uint8Array {
    this.#offset += count;
    return this.#queue.take(count);
  }

  #readHeader(): boolean {
    if (this.#queue.length < TAR_BLOCK_BYTES) return false;
    const offset = this.#offset;
    const block = this.#take(TAR_BLOCK_BYTES);
    if (isZeroBlock(block)) {
      if (this.#before.bytes > 0) throw invalidTar(`at byte ${offset} it ends after an extended header`);
      this.#state = { at: "done" };
      return false;
    }
    const header = parseTarHeader(block, offset);
    if (this.#beginExtended(header, offset)) return true;
    const refused = unsupportedType(header.type);
    if (refused !== undefined) throw refused;
    const fields = readPaxFields(new Map([...this.#global, ...this.#before.pax]), this.#before.sparse00);
    const pending: Pending = { header: this.#named(header), fields };
    this.#before = nothingBefore();
    if (header.type === TAR_TYPE.sparse) this.#beginSparse(pending, block, offset);
    else if (fields.sparseMapInData) {
      this.#state = { at: "sparse-map", pending, map: new SparseMapReader() };
    } else this.#finish(pending, fields.sparseNumbers);
    return true;
  }

  /** Begins to read a header that is about the next member. Whether it is one. */
  #beginExtended({ type, size }: TarHeader, offset: number): boolean {
    const extended = type === TAR_TYPE.pax || type === TAR_TYPE.paxGlobal || type === "X" ||
      type === TAR_TYPE.longName || type === TAR_TYPE.longLink;
    if (extended) {
      const bytes = TAR_BLOCK_BYTES + size;
      // Global headers are about all members that follow, and replace each other.
      const sum = type === TAR_TYPE.paxGlobal ? bytes : this.#before.bytes += bytes;
      if (sum > MAX_TAR_HEADER_BYTES) {
        throw invalidTar(`at byte ${offset} a member has more than ${MAX_TAR_HEADER_BYTES} bytes of headers`);
      }
      this.#state = { at: "extended", type, size };
    } else if (type === "V") this.#state = { at: "skip", left: size + paddingOf(size) };
    return extended || type === "V";
  }

  #readExtended({ type, size }: State & { at: "extended" }): boolean {
    const whole = size + paddingOf(size);
    if (this.#queue.length < whole) return false;
    const body = this.#take(whole).subarray(0, size);
    if (type === TAR_TYPE.longName) this.#before.longName = untilNul(body);
    else if (type === TAR_TYPE.longLink) this.#before.longLink = untilNul(body);
    else if (type === TAR_TYPE.paxGlobal) {
      applyPax(body, this.#global, []);
      let bytes = 0;
      for (const [key, value] of this.#global) bytes += key.length + value.length;
      if (bytes > MAX_TAR_HEADER_BYTES) throw invalidTar("its global headers are too long");
    } else applyPax(body, this.#before.pax, this.#before.sparse00);
    this.#state = { at: "header" };
    return true;
  }

  #named(header: TarHeader): TarHeader {
    const { longName, longLink } = this.#before;
    return { ...header, name: longName ?? header.name, link: longLink ?? header.link };
  }

  #beginSparse(pending: Pending, block: Uint8Array, offset: number): void {
    const { size, numbers, more } = parseSparseHeader(block, offset);
    const all = [...numbers];
    if (more) this.#state = { at: "sparse-blocks", pending, size, numbers: all };
    else this.#finish(pending, all, size);
  }

  #readSparseBlock({ pending, size, numbers }: State & { at: "sparse-blocks" }): boolean {
    if (this.#queue.length < TAR_BLOCK_BYTES) return false;
    const offset = this.#offset;
    const block = parseSparseBlock(this.#take(TAR_BLOCK_BYTES), offset);
    numbers.push(...block.numbers);
    if (8 * numbers.length > MAX_TAR_HEADER_BYTES) throw invalidTar("a sparse file has too many parts");
    if (!block.more) this.#finish(pending, numbers, size);
    return true;
  }

  /** The parts are listed in the first blocks of the file's own bytes. */
  #readSparseMap({ pending, map }: State & { at: "sparse-map" }): boolean {
    if (this.#queue.length < TAR_BLOCK_BYTES) return false;
    if (!map.push(this.#take(TAR_BLOCK_BYTES))) return true;
    this.#finish(pending, map.numbers, undefined, map.bytes);
    return true;
  }

  #finish(pending: Pending, numbers: readonly number[] | undefined, size?: number, taken = 0): void {
    const member = buildMember(pending.header, pending.fields, this.#findId);
    const storedSize = (hasNoBytes(pending.header.type, member.kind) ? 0 : member.storedSize) - taken;
    if (storedSize < 0) throw invalidTar("a sparse file is shorter than the list of its parts");
    const whole: TarMember = numbers === undefined || member.kind !== "file" ? { ...member, storedSize } : {
      ...member,
      storedSize,
      size: size ?? member.size,
      sparse: sparseParts(numbers),
    };
    checkSparse(whole);
    this.#ready = whole;
    this.#state = { at: "skip", left: storedSize + paddingOf(storedSize) };
  }

  #skip(state: State & { at: "skip" }): boolean {
    if (state.left > 0) {
      if (this.#queue.length === 0) return false;
      const taken = Math.min(state.left, this.#queue.length);
      this.#take(taken);
      state.left -= taken;
    }
    if (state.left === 0) this.#state = { at: "header" };
    return true;
  }
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return bytes.slice(0, end < 0 ? bytes.length : end);
}

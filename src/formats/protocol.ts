/**
 * The casync protocol: how chunks travel over a pair of byte streams, usually the standard input and output of a
 * program that sshd has started.
 *
 * A message is a header of 16 bytes, u64 size (header included, 16 bytes to 16 MiB) and u64 type, and its fields, all
 * little-endian:
 *
 *     HELLO    0x3c71d0948ca5fbee  u64 flags; both sides send it at once
 *     REQUEST  0x8ab427e0f89d9210  u64 flags (1 = high priority), then one or more ids of 32 bytes
 *     CHUNK    0x5213dd180a84bc8c  u64 flags (1 = compressed), id, data
 *     MISSING  0xd010f9fac82b7b6c  id
 *     GOODBYE  0xad205dbf1a3686c3
 *     ABORT    0xe7d9136b7efea352  u64 error number of the system or 0, reason, NUL
 *     INDEX    0xb32a91dd2b3e27f8  data        INDEX_EOF   0x4f0932f1043718f5
 *     ARCHIVE  0x95d6428a69eddcc5  data        ARCHIVE_EOF 0x450bef663f24cbad
 *
 * Source: casync's caprotocol.h, checked against casync 2 and desync 1.0.4 on both ends.
 */
import { concat, fromHex, readU64, toHex, viewOf, writeU64 } from "../core/bytes.ts";
import { type ChunkId, ID_BYTES } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { MessageQueue } from "./message_queue.ts";

/** Largest message, header included. */
export const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;
/** No more bytes are kept of the other end's reason for aborting. */
const MAX_REASON = 1000;
/** Bytes of a CHUNK message besides the chunk's own. */
export const CHUNK_OVERHEAD: number = 56;

/** HELLO: this side has a store that can be read. */
export const SERVES_CHUNKS = 0x1n;
/** HELLO: this side wants to read chunks. */
export const WANTS_CHUNKS = 0x40n;

/** One message. */
export type Message =
  | { readonly type: "hello"; readonly flags: bigint }
  | { readonly type: "request"; readonly highPriority: boolean; readonly ids: readonly ChunkId[] }
  | { readonly type: "chunk"; readonly id: ChunkId; readonly compressed: boolean; readonly bytes: Uint8Array }
  | { readonly type: "missing"; readonly id: ChunkId }
  | { readonly type: "goodbye" }
  | { readonly type: "abort"; readonly errorNumber: number; readonly reason: string }
  | { readonly type: "data"; readonly of: "index" | "archive"; readonly bytes: Uint8Array }
  | { readonly type: "data-end"; readonly of: "index" | "archive" };

const HELLO = 0x3c71d0948ca5fbeen;
const REQUEST = 0x8ab427e0f89d9210n;
const CHUNK = 0x5213dd180a84bc8cn;
const MISSING = 0xd010f9fac82b7b6cn;
const GOODBYE = 0xad205dbf1a3686c3n;
const ABORT = 0xe7d9136b7efea352n;
const INDEX = 0xb32a91dd2b3e27f8n;
const INDEX_EOF = 0x4f0932f1043718f5n;
const ARCHIVE = 0x95d6428a69eddcc5n;
const ARCHIVE_EOF = 0x450bef663f24cbadn;

/** Bytes of a message's header, which say how long it is. */
export const MESSAGE_HEADER_BYTES = 16;

/**
 * The message as it is sent. Throws `usage` when it would be too large.
 *
 * @example Ask for a chunk
 * ```ts
 * import { encodeMessage } from "@desync/desync";
 *
 * const request = encodeMessage({ type: "request", highPriority: false, ids: ["00".repeat(32)] });
 * if (request.length === 0) throw new Error("something is to be sent");
 * ```
 */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  return concat(messageParts(message));
}

/**
 * The message as it is sent, in one part, or in two: the second is the chunk or the data that was given, not a copy. Throws
 * `usage` when it would be too large.
 */
export function messageParts(message: Message): Uint8Array[] {
  switch (message.type) {
    case "hello":
      return encode(HELLO, 8, (view) => view.setBigUint64(MESSAGE_HEADER_BYTES, message.flags, true));
    case "request":
      return encode(REQUEST, 8 + message.ids.length * ID_BYTES, (view, bytes) => {
        writeU64(view, MESSAGE_HEADER_BYTES, message.highPriority ? 1 : 0);
        message.ids.forEach((id, i) => bytes.set(fromHex(id), MESSAGE_HEADER_BYTES + 8 + i * ID_BYTES));
      });
    case "chunk":
      return encode(CHUNK, 8 + ID_BYTES, (view, bytes) => {
        writeU64(view, MESSAGE_HEADER_BYTES, message.compressed ? 1 : 0);
        bytes.set(fromHex(message.id), MESSAGE_HEADER_BYTES + 8);
      }, message.bytes);
    case "missing":
      return encode(
        MISSING,
        ID_BYTES,
        (_view, bytes) => bytes.set(fromHex(message.id), MESSAGE_HEADER_BYTES),
      );
    case "goodbye":
      return encode(GOODBYE, 0);
    case "abort": {
      const reason = new TextEncoder().encode(message.reason.replaceAll("\0", ""));
      return encode(ABORT, 8 + reason.length + 1, (view, bytes) => {
        writeU64(view, MESSAGE_HEADER_BYTES, message.errorNumber);
        bytes.set(reason, MESSAGE_HEADER_BYTES + 8);
      });
    }
    case "data":
      return encode(message.of === "index" ? INDEX : ARCHIVE, 0, () => {}, message.bytes);
    case "data-end":
      return encode(message.of === "index" ? INDEX_EOF : ARCHIVE_EOF, 0);
  }
}

function encode(
  type: bigint,
  length: number,
  fill: (view: DataView, bytes: Uint8Array) => void = () => {},
  carried?: Uint8Array,
): Uint8Array[] {
  const own = MESSAGE_HEADER_BYTES + length;
  const size = own + (carried?.length ?? 0);
  if (size > MAX_MESSAGE_BYTES) {
    throw new DesyncError("usage", {
      action: "send",
      subject: `a message of ${size} bytes`,
      reason: `the protocol allows ${MAX_MESSAGE_BYTES}`,
    });
  }
  const bytes = new Uint8Array(own);
  const view = viewOf(bytes);
  writeU64(view, 0, size);
  view.setBigUint64(8, type, true);
  fill(view, bytes);
  return carried === undefined ? [bytes] : [bytes, carried];
}

/**
 * Makes messages out of bytes that arrive in pieces of any size. Never holds more than one message and a piece.
 *
 * @example Messages out of pieces of any size
 * ```ts
 * import { encodeMessage, MessageDecoder } from "@desync/desync";
 *
 * const bytes = encodeMessage({ type: "goodbye" });
 * const decoder = new MessageDecoder();
 * decoder.push(bytes.slice(0, 5));
 * if (decoder.next() !== null) throw new Error("a part is no message");
 * decoder.push(bytes.slice(5));
 * if (decoder.next()?.type !== "goodbye") throw new Error("now it is whole");
 * ```
 */
export class MessageDecoder {
  readonly #queue: MessageQueue;

  /** `maxChunkBytes` is the most that a chunk may take as it is sent. Default: what a message can hold. */
  constructor({ maxChunkBytes = MAX_MESSAGE_BYTES }: { maxChunkBytes?: number } = {}) {
    this.#queue = new MessageQueue(MESSAGE_HEADER_BYTES, (header) => messageSize(header, maxChunkBytes));
  }

  /** Bytes that have come but are no whole message yet. */
  get pending(): number {
    return this.#queue.pending;
  }

  /** Takes the next piece. It must not be changed before {@linkcode next} returns `null`. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /** The next message, `null` when more bytes are needed. Throws `protocol` when the bytes are none. */
  next(): Message | null {
    const message = this.#queue.next();
    return message && decodeMessage(message);
  }
}

/** The bytes of the message with this header. Throws `protocol` when it cannot be one, before its bytes are waited for. */
export function messageSize(header: DataView, maxChunkBytes: number): number {
  const size = readU64(header, 0);
  const type = header.getBigUint64(8, true);
  const name = NAMES.get(type);
  if (name === undefined) throw protocolError(`a message of unknown type 0x${type.toString(16)}`);
  if (size === undefined || size < MESSAGE_HEADER_BYTES || size > MAX_MESSAGE_BYTES) {
    throw protocolError(`a message ${name} of ${size ?? "more than 2^53"} bytes`);
  }
  if (type === CHUNK && size - CHUNK_OVERHEAD > maxChunkBytes) {
    throw protocolError(
      `a chunk of ${size - CHUNK_OVERHEAD} bytes, larger than the limit of ${maxChunkBytes}`,
    );
  }
  const fixed = FIXED_SIZES.get(type);
  if (fixed !== undefined && size !== fixed) throw protocolError(`a message ${name} of ${size} bytes`);
  return size;
}

const NAMES: ReadonlyMap<bigint, string> = new Map([
  [HELLO, "HELLO"],
  [REQUEST, "REQUEST"],
  [CHUNK, "CHUNK"],
  [MISSING, "MISSING"],
  [GOODBYE, "GOODBYE"],
  [ABORT, "ABORT"],
  [INDEX, "INDEX"],
  [INDEX_EOF, "INDEX_EOF"],
  [ARCHIVE, "ARCHIVE"],
  [ARCHIVE_EOF, "ARCHIVE_EOF"],
]);

/** Messages that always have so many bytes. */
const FIXED_SIZES: ReadonlyMap<bigint, number> = new Map([
  [HELLO, MESSAGE_HEADER_BYTES + 8],
  [MISSING, MESSAGE_HEADER_BYTES + ID_BYTES],
  [GOODBYE, MESSAGE_HEADER_BYTES],
  [INDEX_EOF, MESSAGE_HEADER_BYTES],
  [ARCHIVE_EOF, MESSAGE_HEADER_BYTES],
]);

/** The message in so many bytes as {@linkcode messageSize} says. It refers to them. Throws `protocol` when it is none. */
export function decodeMessage(message: Uint8Array): Message {
  const type = viewOf(message).getBigUint64(8, true);
  const name = NAMES.get(type)!;
  const body = message.subarray(MESSAGE_HEADER_BYTES);
  const expect = (good: boolean) => {
    if (!good) throw protocolError(`a message ${name} of ${message.length} bytes`);
  };
  const flags = () => viewOf(body).getBigUint64(0, true);
  switch (type) {
    case HELLO:
      return { type: "hello", flags: flags() };
    case REQUEST:
      expect(body.length >= 8 + ID_BYTES && (body.length - 8) % ID_BYTES === 0);
      return { type: "request", highPriority: (flags() & 1n) !== 0n, ids: readIds(body.subarray(8)) };
    case CHUNK:
      expect(body.length > 8 + ID_BYTES);
      return {
        type: "chunk",
        id: toHex(body.subarray(8, 8 + ID_BYTES)),
        compressed: (flags() & 1n) !== 0n,
        bytes: body.subarray(8 + ID_BYTES),
      };
    case MISSING:
      return { type: "missing", id: toHex(body) };
    case ABORT:
      expect(body.length >= 9 && body[body.length - 1] === 0);
      return {
        type: "abort",
        errorNumber: readU64(viewOf(body), 0) ?? 0,
        reason: new TextDecoder().decode(body.subarray(8, Math.min(body.indexOf(0, 8), 8 + MAX_REASON))),
      };
    case INDEX:
    case ARCHIVE:
      return { type: "data", of: type === INDEX ? "index" : "archive", bytes: body };
    default:
      if (type === GOODBYE) return { type: "goodbye" };
      return { type: "data-end", of: type === INDEX_EOF ? "index" : "archive" };
  }
}

function readIds(bytes: Uint8Array): ChunkId[] {
  const ids: ChunkId[] = [];
  for (let at = 0; at < bytes.length; at += ID_BYTES) ids.push(toHex(bytes.subarray(at, at + ID_BYTES)));
  return ids;
}

function protocolError(what: string): DesyncError {
  const reason = `does not speak the casync protocol: it sent ${what}`;
  return new DesyncError("protocol", { subject: "the other end", reason });
}

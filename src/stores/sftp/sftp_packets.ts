/**
 * SFTP, version 3: how files of another machine are read and written over a pair of byte streams.
 *
 * A packet is u32 length, u8 type, and its fields, all big-endian. A string is u32 length and that many bytes. Every request
 * but INIT has u32 id, which its answer repeats; answers may come in any order.
 *
 * Source: draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL for its extensions.
 */
import { concat, viewOf } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { MessageQueue } from "../../formats/message_queue.ts";

/** No packet is larger: OpenSSH's limit. Servers send no more than was asked for, and lists in parts. */
export const MAX_PACKET_BYTES: number = 256 * 1024;
/** Bytes of a DATA packet besides the file's own, and of a WRITE packet besides those and its handle's. */
export const DATA_OVERHEAD = 1024;
/** Draft: a handle is at most 256 bytes. */
const MAX_HANDLE_BYTES = 256;

/** Types of requests. */
export const REQUESTS = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  fstat: 8,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  stat: 17,
  rename: 18,
  extended: 200,
} as const;
/** One of these types. */
export type RequestType = keyof typeof REQUESTS;

/** Codes of STATUS. */
export const STATUS = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

/** How OPEN opens. */
export const OPEN_TO_READ = 0x01;
/** For writing a file that is not there yet. */
export const OPEN_NEW: number = 0x02 | 0x08 | 0x20;

/** What is known about a file; what the server does not say is `undefined`. */
export interface SftpAttributes {
  /** Bytes. */
  readonly size: number | undefined;
  /** As stat has it, the kind of file included. */
  readonly mode: number | undefined;
  /** Last change, in seconds since 1970, by the server's clock. */
  readonly mtime: number | undefined;
}

/** An entry of a directory. */
export interface SftpEntry {
  readonly name: string;
  readonly attributes: SftpAttributes;
}

/** What a server sends. */
export type SftpAnswer =
  | { readonly type: "version"; readonly version: number; readonly extensions: ReadonlyMap<string, string> }
  | { readonly type: "status"; readonly id: number; readonly code: number; readonly message: string }
  | { readonly type: "handle"; readonly id: number; readonly handle: Uint8Array }
  | { readonly type: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: "names"; readonly id: number; readonly entries: readonly SftpEntry[] }
  | { readonly type: "attributes"; readonly id: number; readonly attributes: SftpAttributes }
  | { readonly type: "extended"; readonly id: number; readonly bytes: Uint8Array };

const VERSION = 2;
const ANSWERS: ReadonlyMap<number, SftpAnswer["type"]> = new Map([
  [VERSION, "version"],
  [101, "status"],
  [102, "handle"],
  [103, "data"],
  [104, "names"],
  [105, "attributes"],
  [201, "extended"],
]);

const HAS_SIZE = 0x1;
const HAS_OWNERS = 0x2;
const HAS_MODE = 0x4;
const HAS_TIMES = 0x8;
const HAS_EXTENSIONS = 0x80000000;

const KIND = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;

/** Whether it is a regular file, as far as the server says. */
export function isRegular({ mode }: SftpAttributes): boolean {
  return mode === undefined || (mode & KIND) === REGULAR;
}

/** Whether it is a directory, as far as the server says. */
export function isDirectory({ mode }: SftpAttributes): boolean {
  return mode === undefined || (mode & KIND) === DIRECTORY;
}

const encoder = new TextEncoder();

/** A string of the protocol. */
export function stringField(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return concat([u32Field(bytes.length), bytes]);
}

/** A number of 32 bits. */
export function u32Field(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

/** A number of 64 bits. */
export function u64Field(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Attributes with a mode, or with none at all. */
export function attributesField(mode?: number): Uint8Array<ArrayBuffer> {
  return mode === undefined ? u32Field(0) : concat([u32Field(HAS_MODE), u32Field(mode)]);
}

/** A request; INIT has the version in the place of the id. */
export function encodeRequest(
  type: RequestType,
  id: number,
  fields: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const length = fields.reduce((sum, field) => sum + field.length, 5);
  const head = new Uint8Array(9);
  const view = viewOf(head);
  view.setUint32(0, length);
  head[4] = REQUESTS[type];
  view.setUint32(5, id);
  return concat([head, ...fields]);
}

/** Takes bytes and gives answers. */
export class SftpDecoder {
  readonly #queue = new MessageQueue(5, sizeIn);

  /** Bytes that have come but are no whole packet yet. */
  get pending(): number {
    return this.#queue.pending;
  }

  /** Takes the next piece. It must not be changed before {@linkcode next} returns `null`. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /** The next answer, `null` when more bytes are needed. Throws `protocol` when the bytes are none. */
  next(): SftpAnswer | null {
    const packet = this.#queue.next();
    if (packet === null) return null;
    const type = ANSWERS.get(packet[4])!;
    return decode(type, new Fields(packet.subarray(5), type));
  }
}

/** The bytes of the packet with this header. Throws when it cannot be one, before its bytes are waited for. */
function sizeIn(header: DataView): number {
  const length = header.getUint32(0);
  const type = header.getUint8(4);
  if (length < 1 || length > MAX_PACKET_BYTES) throw invalid(`a packet of ${length} bytes`);
  if (!ANSWERS.has(type)) throw invalid(`a packet of unknown type ${type}`);
  return 4 + length;
}

function decode(type: SftpAnswer["type"], fields: Fields): SftpAnswer {
  if (type === "version") {
    const version = fields.u32();
    const extensions = new Map<string, string>();
    while (!fields.ended) extensions.set(fields.text(), fields.text());
    return { type, version, extensions };
  }
  const id = fields.u32();
  switch (type) {
    case "status":
      // Old servers send no message.
      return { type, id, code: fields.u32(), message: fields.ended ? "" : fields.text() };
    case "handle": {
      const handle = fields.string().slice();
      if (handle.length > MAX_HANDLE_BYTES) throw invalid(`a handle of ${handle.length} bytes`);
      return { type, id, handle };
    }
    case "data":
      return { type, id, bytes: fields.string() };
    case "names": {
      const count = fields.u32();
      const entries: SftpEntry[] = [];
      for (let i = 0; i < count; i++) {
        const name = fields.text();
        fields.string(); // as ls -l would show it
        entries.push({ name, attributes: fields.attributes() });
      }
      return { type, id, entries };
    }
    case "attributes":
      return { type, id, attributes: fields.attributes() };
    case "extended":
      return { type, id, bytes: fields.rest() };
  }
}

/** Reads the fields of a packet, none of which may reach beyond its end. */
class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #type: string;
  #at = 0;

  constructor(bytes: Uint8Array, type: string) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#type = type;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4));
  }

  string(): Uint8Array {
    const length = this.u32();
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(): string {
    return new TextDecoder().decode(this.string());
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#skip(this.#bytes.length - this.#at));
  }

  attributes(): SftpAttributes {
    const flags = this.u32();
    const size = flags & HAS_SIZE ? Number(this.#view.getBigUint64(this.#skip(8))) : undefined;
    if (flags & HAS_OWNERS) this.#skip(8);
    const mode = flags & HAS_MODE ? this.u32() : undefined;
    if (flags & HAS_TIMES) this.#skip(4);
    const mtime = flags & HAS_TIMES ? this.u32() : undefined;
    if (flags & HAS_EXTENSIONS) {
      for (let left = this.u32(); left > 0; left--) {
        this.string();
        this.string();
      }
    }
    return { size, mode, mtime };
  }

  /** Where the field begins. */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw invalid(`a packet (${this.#type}) that is too short`);
    this.#at += length;
    return start;
  }
}

function invalid(what: string): DesyncError {
  return new DesyncError("protocol", { reason: `it sent ${what}, which is not SFTP` });
}

/** Numbers in an answer to `limits@openssh.com`: the most bytes in a packet, and to be read and written at once. */
export function limitsIn(bytes: Uint8Array): { readonly read: number; readonly write: number } {
  const fields = new Fields(bytes, "extended");
  const numbers = [0, 1, 2].map(() => {
    const [high, low] = [fields.u32(), fields.u32()];
    return high * 2 ** 32 + low;
  });
  return { read: numbers[1], write: numbers[2] };
}

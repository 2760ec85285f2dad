/** Little-endian numbers, hexadecimal text and joined buffers: the few things that every format needs. */

/** Bytes that are read, or handed on, at a time. */
export const PIECE_BYTES: number = 256 * 1024;

const HEX_DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal text of the bytes. */
export function toHex(bytes: Uint8Array): string {
  if (typeof bytes.toHex === "function") return bytes.toHex(); // Node 20 has none
  let text = "";
  for (const byte of bytes) text += HEX_DIGITS[byte];
  return text;
}

/** The bytes that an even number of hexadecimal digits stands for. The text must have been checked already. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (typeof Uint8Array.fromHex === "function") return Uint8Array.fromHex(text); // Node 20 has none
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.substring(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** All pieces in one buffer. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** A byte that is no part of UTF-8 becomes this and the byte: half of a pair, which UTF-8 never gives. */
const ESCAPE = 0xdc00;

/** The text of a name, which should be UTF-8 but need not: {@linkcode nameBytes} gives the same bytes back. */
export function nameText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return escapedText(bytes);
  }
}

function escapedText(bytes: Uint8Array): string {
  let text = "";
  let start = 0;
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      if (start < at) text += utf8.decode(bytes.subarray(start, at));
      text += String.fromCharCode(ESCAPE + bytes[at]);
      start = at + 1;
    }
    at += length || 1;
  }
  return text + utf8.decode(bytes.subarray(start));
}

/** Bytes of the character in UTF-8 (RFC 3629) that begins here, 0 when none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // No character in more bytes than it needs, no half of a pair, none beyond U+10FFFF.
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (at + length > bytes.length || bytes[at + 1] < least || bytes[at + 1] > most) return 0;
  for (let i = at + 2; i < at + length; i++) if ((bytes[i] & 0xc0) !== 0x80) return 0;
  return length;
}

/** The bytes of a text that {@linkcode nameText} gave, or of any other in UTF-8. */
export function nameBytes(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text);
  // No character takes more than three bytes for each of its UTF-16 units.
  const bytes = new Uint8Array(3 * text.length);
  let [length, start] = [0, 0];
  const encode = (end: number) => {
    if (start < end) length += encoder.encodeInto(text.slice(start, end), bytes.subarray(length)).written;
  };
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at++;
    else if (unit >= ESCAPE + 0x80 && unit < ESCAPE + 0x100) {
      encode(at);
      bytes[length++] = unit - ESCAPE;
      start = at + 1;
    }
  }
  encode(text.length);
  return bytes.slice(0, length);
}

/** Bytes that are worth comparing four at a time. */
const LONG_BYTES = 1024;

/** Whether both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a;
  if (length !== b.length) return false;
  let i = 0;
  if (length >= LONG_BYTES) {
    const [words, others] = [viewOf(a), viewOf(b)];
    for (; i + 4 <= length; i += 4) if (words.getInt32(i) !== others.getInt32(i)) return false;
  }
  for (; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Negative when `a` comes first in the order of bytes, which children in an archive have, positive when `b` does. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** A view for numbers over exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The u64 at `at` as a number, or `undefined` when it is beyond 2^53-1, where numbers stop being exact. */
export function readU64(view: DataView, at: number): number | undefined {
  const high = view.getUint32(at + 4, true);
  if (high > 0x1fffff) return undefined;
  return high * 0x1_0000_0000 + view.getUint32(at, true);
}

/** Writes a non-negative safe integer as u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** Node hands out small buffers as parts of shared ones of up to this size; larger ones belong to one owner. */
const SHARED_POOL_BYTES = 8192;

/**
 * Gives the memory of a large buffer back at once instead of leaving it to the garbage collector, which sees only how
 * many buffers there are, not how large. The bytes must not be used afterwards.
 */
export function freeBytes(bytes: Uint8Array): void {
  free(ownBuffer(bytes));
}

/** The same for bytes that come from elsewhere: nothing is done where they are a part of what may be someone else's. */
export function freeWholeBytes(bytes: Uint8Array): void {
  free(wholeBuffer(bytes));
}

function free(buffers: readonly ArrayBuffer[]): void {
  for (const buffer of buffers) buffer.transfer?.(0); // Node 20 has none
}

/**
 * The bytes as what they are said to be: node's own kind, which its functions and its users give, has slices that are views.
 * Whoever takes one for a copy would see it change, or gone.
 */
export function withoutNodesKind(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The buffer with room for so many bytes, its own moved or copied into it. The old one must not be used afterwards. */
export function resizeBuffer(buffer: ArrayBuffer, length: number): ArrayBuffer {
  if (typeof buffer.transfer === "function") return buffer.transfer(length);
  const bytes = new Uint8Array(length);
  bytes.set(new Uint8Array(buffer, 0, Math.min(length, buffer.byteLength)));
  return bytes.buffer;
}

/**
 * The buffer of bytes that were made here, so that there is no other view of it even where they are a part: to be moved to
 * another thread, or freed. Nothing for small ones, which may lie in a buffer that node shares. For bytes that come from
 * elsewhere, {@linkcode wholeBuffer}.
 */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer[] {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength > SHARED_POOL_BYTES ? [buffer] : [];
}

/**
 * The buffer of large bytes from wherever, to be moved to another thread: nothing where they are a part of it, since the rest
 * may be someone else's.
 */
export function wholeBuffer(bytes: Uint8Array): ArrayBuffer[] {
  return ownBuffer(bytes).filter(({ byteLength }) => byteLength === bytes.byteLength);
}

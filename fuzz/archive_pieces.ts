/** The elements of archives that may be none any more, and tables of children that fit what is in the directories. */
import { buildGoodbye, type GoodbyeItem, nameHash } from "../src/formats/archive/goodbye.ts";
import { ELEMENT } from "../src/formats/archive/archive_elements.ts";
import { concat } from "../src/core/bytes.ts";

const HEADER = 16;

/** Elements as far as their sizes go, then the rest. */
export function splitElements(input: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  for (let at = 0; at < input.length;) {
    const size = at + HEADER <= input.length ? Number(view.getBigUint64(at, true)) : Infinity;
    const end = size >= HEADER && at + size <= input.length ? at + size : input.length;
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}

interface Directory {
  readonly entryAt: number;
  readonly children: { readonly start: number; end: number; readonly hash: bigint }[];
}

/** Writes each element's size and each directory's table anew; open directories get an end. */
export function repairArchive(input: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const directories: Directory[] = [];
  let [at, entryAt] = [0, 0];
  let isDirectory = false;
  const push = (part: Uint8Array) => {
    parts.push(part);
    at += part.length;
  };
  const endChild = () => {
    const child = directories.at(-1)?.children.at(-1);
    if (child !== undefined && child.end === 0) child.end = at;
  };
  const open = () => {
    if (isDirectory) directories.push({ entryAt, children: [] });
    isDirectory = false;
  };
  const close = () => {
    const directory = directories.pop();
    if (directory !== undefined) {
      push(buildGoodbye(
        directory.children.map((child): GoodbyeItem => ({
          offset: at - child.start,
          size: child.end - child.start,
          hash: child.hash,
        })),
        at - directory.entryAt,
      ));
    }
  };
  for (const piece of splitElements(input).slice(0, 500)) {
    const type = piece.length < HEADER ? 0n : typeOf(piece);
    if (type === ELEMENT.filename || type === ELEMENT.goodbye) {
      open();
      endChild();
    }
    if (type === ELEMENT.goodbye) {
      close();
      continue;
    }
    if (type === ELEMENT.entry) {
      entryAt = at;
      isDirectory = piece.length >= 32 && (piece[HEADER + 9] & 0xf0) === 0x40;
    } else if (type === ELEMENT.filename) {
      directories.at(-1)?.children.push({ start: at, end: 0, hash: nameHash(piece.subarray(HEADER, -1)) });
    }
    push(withSize(piece));
  }
  open();
  while (directories.length > 0) {
    endChild();
    close();
  }
  return concat(parts);
}

function typeOf(piece: Uint8Array): bigint {
  return new DataView(piece.buffer, piece.byteOffset, piece.length).getBigUint64(8, true);
}

function withSize(piece: Uint8Array): Uint8Array {
  if (piece.length < HEADER) return piece;
  const bytes = piece.slice();
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return bytes;
}

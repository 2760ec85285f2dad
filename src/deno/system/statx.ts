/** statx(2) of Linux: what it says of a node, to the nanosecond. */
import { viewOf } from "../../core/bytes.ts";
import { unknownKind } from "../files/file_errors.ts";
import { KINDS, type NodeKind } from "../../formats/archive/archive_elements.ts";
import { type Libc, systemErrorOf } from "./libc.ts";
import { MODE, STATX } from "./linux.ts";

const MOUNT = 0x1000;

/** What of struct statx is used. Times are in nanoseconds since 1970. */
export interface Stat {
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly changed: bigint;
  readonly rdev: { readonly major: number; readonly minor: number };
  readonly device: bigint;
  readonly mount: bigint | undefined;
}

/** Asks for nodes, one after the other. */
export class StatReader {
  readonly #libc: Libc;
  readonly #bytes = new Uint8Array(STATX.bytes);

  /** The library must have statx. */
  constructor(c: Libc) {
    this.#libc = c;
  }

  /** The node that the name in an open directory leads to, or with an empty name and its flag, the open one itself. */
  read(fd: number, name: Uint8Array<ArrayBuffer>, flags: number): Stat {
    if (this.#libc.statx!(fd, name, flags, STATX.basic | MOUNT, this.#bytes) !== 0) {
      throw systemErrorOf(this.#libc);
    }
    return parseStat(viewOf(this.#bytes));
  }
}

/** Throws `unsupported` for a kind that archives do not have. */
export function kindOf({ mode }: Stat): NodeKind {
  const kind = KINDS.get(mode & MODE.kind);
  if (kind === undefined) throw unknownKind();
  return kind;
}

/** struct statx: include/uapi/linux/stat.h. */
function parseStat(view: DataView): Stat {
  const mask = view.getUint32(0, true);
  return {
    links: view.getUint32(16, true),
    uid: view.getUint32(STATX.uid, true),
    gid: view.getUint32(STATX.gid, true),
    mode: view.getUint16(STATX.mode, true),
    inode: view.getBigUint64(32, true),
    size: view.getBigUint64(STATX.size, true),
    mtime: readTime(view, 112),
    changed: readTime(view, 96),
    rdev: { major: view.getUint32(128, true), minor: view.getUint32(132, true) },
    device: view.getBigUint64(136, true),
    mount: (mask & MOUNT) === 0 ? undefined : view.getBigUint64(144, true),
  };
}

/** struct statx_timestamp. */
function readTime(view: DataView, at: number): bigint {
  return view.getBigInt64(at, true) * 1_000_000_000n + BigInt(view.getUint32(at + 8, true));
}

/** The names in a directory by the C library of Linux: all of them, be they UTF-8 or not. */
import { viewOf } from "../../core/bytes.ts";
import { type Libc, systemErrorOf } from "./libc.ts";

/** Names that are asked for at a time, in bytes. */
const LIST_BYTES = 128 * 1024;

/** What is in a directory. */
interface Listed {
  readonly name: Uint8Array;
  /** One of the system's DT_…. */
  readonly type: number;
}

/** Lists directories. */
export class DirectoryLister {
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(LIST_BYTES);

  /** The library has to have getdents64. */
  constructor(c: Libc) {
    this.#libc = c;
  }

  /** What is in the directory, which has just been opened: in no order, without `.` and `..`. */
  list(fd: number): Listed[] {
    const listed: Listed[] = [];
    const view = viewOf(this.#buffer);
    while (true) {
      const length = Number(this.#libc.getdents64!(fd, this.#buffer, BigInt(LIST_BYTES)));
      if (length < 0) throw systemErrorOf(this.#libc);
      if (length === 0) return listed;
      // struct linux_dirent64: u64 inode, i64 offset, u16 size, u8 type, name and NUL.
      for (let at = 0; at < length; at += view.getUint16(at + 16, true)) {
        const name = this.#buffer.slice(at + 19, this.#buffer.indexOf(0, at + 19));
        if (name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))) continue;
        listed.push({ name, type: this.#buffer[at + 18] });
      }
    }
  }
}

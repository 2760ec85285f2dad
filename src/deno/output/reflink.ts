/**
 * Parts of one file shared with another by the file system, which keeps their bytes once until one of them is written to:
 * FICLONERANGE, which Linux has for XFS, btrfs, bcachefs and others (ioctl_ficlonerange(2)).
 */
import { loadLibc, terminatedText } from "../system/libc.ts";
import { IOCTL, OPEN } from "../system/linux.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
} as const;

/** Two files, the second of which gets parts of the first. */
export class Reflink implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #from: number;
  readonly #to: number;

  private constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>, from: number, to: number) {
    this.#library = library;
    this.#from = from;
    this.#to = to;
  }

  /** Opens both, which are there; `null` where this system cannot, or when a symlink is where the second should be. */
  static open(from: string, to: string): Reflink | null {
    const library = loadLibc(SYMBOLS);
    if (library === null) return null;
    const { open, close } = library.symbols;
    const source = open(terminatedText(from), OPEN.readOnly | OPEN.closeOnExec);
    const writing = OPEN.writeOnly | OPEN.closeOnExec | OPEN.noFollow;
    const target = source < 0 ? -1 : open(terminatedText(to), writing);
    if (target >= 0) return new Reflink(library, source, target);
    if (source >= 0) close(source);
    library.close();
    return null;
  }

  /** Shares whole blocks. False when that cannot be done, for whatever reason. */
  clone(from: number, to: number, length: number): boolean {
    // A length of 0 would be all that follows.
    if (length <= 0) return false;
    const range = new BigUint64Array([BigInt(this.#from), BigInt(from), BigInt(length), BigInt(to)]);
    return this.#library.symbols.ioctl(this.#to, IOCTL.cloneRange, range) === 0;
  }

  [Symbol.dispose](): void {
    this.#library.symbols.close(this.#from);
    this.#library.symbols.close(this.#to);
    this.#library.close();
  }
}

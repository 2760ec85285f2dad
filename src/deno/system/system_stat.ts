/**
 * What a file is and how large, by statx(2) of Linux: in a third of the time that Deno takes, which makes an object
 * with dates of it. Only where foreign functions are allowed.
 */
import { viewOf } from "../../core/bytes.ts";
import { loadLibc } from "./libc.ts";
import { CURRENT_DIRECTORY, MODE, STATX } from "./linux.ts";

const SYMBOLS = {
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
} as const;

/** The most that Linux takes. */
const PATH_BYTES = 4096;

/** Whether it is a regular file, and its bytes. */
export interface FileSize {
  readonly isFile: boolean;
  readonly size: number;
}

/** `undefined` where Deno has to say more, or why there is nothing. */
export type SystemStat = (path: string) => FileSize | undefined;

/** `null` where it cannot be had. Never asks for a permission. */
export function systemStat(): SystemStat | null {
  const library = loadLibc(SYMBOLS);
  if (library === null) return null;
  const { statx } = library.symbols;
  const encoder = new TextEncoder();
  const name = new Uint8Array(PATH_BYTES);
  const found = new Uint8Array(STATX.bytes);
  const view = viewOf(found);
  return (path) => {
    const { read, written } = encoder.encodeInto(path, name.subarray(0, PATH_BYTES - 1));
    name[written] = 0;
    if (read < path.length || statx(CURRENT_DIRECTORY, name, 0, STATX.typeAndSize, found) !== 0) {
      return undefined;
    }
    return {
      isFile: (view.getUint16(STATX.mode, true) & MODE.kind) === MODE.regular,
      size: Number(view.getBigUint64(STATX.size, true)),
    };
  };
}

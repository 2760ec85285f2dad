/**
 * What a file is and how large, by statx(2) of Linux: in a third of the time that Deno takes, which makes an object with
 * dates of it. Only where foreign functions are allowed.
 */
import { viewOf } from "../bytes.ts";
import { CURRENT_FOLDER } from "./linux.ts";

const SYMBOLS = {
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
} as const;

const TYPE_AND_SIZE = 0x201;
/** struct statx. */
const BYTES = 256;
/** Where it has the mode and the size. */
const [MODE_AT, SIZE_AT] = [28, 40];
const [KIND, REGULAR] = [0o170000, 0o100000];
/** The most that Linux takes. */
const PATH_BYTES = 4096;

/** Whether it is a regular file, and its bytes. `undefined` where Deno has to say more, or why there is nothing. */
export type Look = (path: string) => { readonly isFile: boolean; readonly size: number } | undefined;

/** `null` where it cannot be had. Never asks for a permission. */
export function systemStat(): Look | null {
  if (Deno.build.os !== "linux") return null;
  try {
    if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
    const { statx } = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
    const encoder = new TextEncoder();
    const name = new Uint8Array(PATH_BYTES);
    const found = new Uint8Array(BYTES);
    const view = viewOf(found);
    return (path) => {
      const { read, written } = encoder.encodeInto(path, name.subarray(0, PATH_BYTES - 1));
      name[written] = 0;
      if (read < path.length || statx(CURRENT_FOLDER, name, 0, TYPE_AND_SIZE, found) !== 0) return undefined;
      return {
        isFile: (view.getUint16(MODE_AT, true) & KIND) === REGULAR,
        size: Number(view.getBigUint64(SIZE_AT, true)),
      };
    };
  } catch {
    return null;
  }
}

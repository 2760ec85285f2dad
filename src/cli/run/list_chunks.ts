/** `desync list-chunks INDEX` */
import type { Args, Flags } from "../commands/list_chunks.ts";
import { DONE } from "../exit_status.ts";
import { ID_BYTES } from "../../core/chunk.ts";
import { Yielder } from "../../core/yielder.ts";
import { Locator } from "../locator.ts";
import { printBytes } from "../output/output.ts";

/** Lines that are written at a time. */
const GROUP = 1000;
/** Digits and line break. */
const LINE_BYTES = 2 * ID_BYTES + 1;
const DIGITS = new TextEncoder().encode("0123456789abcdef");
const LINE_BREAK = 10;

/** Prints the ids. */
export async function run({ index: location }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const yielder = new Yielder(signal);
  for (let from = 0; from < index.count; from += GROUP) {
    await printBytes(linesOf(index.ids.subarray(from * ID_BYTES, (from + GROUP) * ID_BYTES)), signal);
    await yielder.yieldIfDue();
  }
  return DONE;
}

/** The ids as text: millions of them, so that no string is made for each. */
function linesOf(ids: Uint8Array): Uint8Array {
  const text = new Uint8Array(ids.length / ID_BYTES * LINE_BYTES);
  let at = 0;
  for (let i = 0; i < ids.length; i++) {
    text[at++] = DIGITS[ids[i] >>> 4];
    text[at++] = DIGITS[ids[i] & 15];
    if ((i + 1) % ID_BYTES === 0) text[at++] = LINE_BREAK;
  }
  return text;
}

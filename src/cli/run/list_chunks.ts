/** `desync list-chunks INDEX` */
import type { Args, Flags } from "../commands/list_chunks.ts";
import { DONE } from "../exit_status.ts";
import { Yielder } from "../../core/yielder.ts";
import { Locator } from "../locator.ts";
import { print } from "../output/output.ts";

/** Lines that are written at a time. */
const GROUP = 1000;

/** Prints the ids. */
export async function run({ index: location }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const index = await locator.index(location, signal);
  const yielder = new Yielder(signal);
  for (let from = 0; from < index.count; from += GROUP) {
    let text = "";
    for (let i = from; i < Math.min(from + GROUP, index.count); i++) text += `${index.id(i)}\n`;
    print(text);
    await yielder.yieldIfDue();
  }
  return DONE;
}

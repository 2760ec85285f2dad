/** `desync list-chunks INDEX` */
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Turns } from "../../jobs/turns.ts";
import { Locator } from "../location.ts";
import { print } from "../output.ts";

/** Lines that are written at a time. */
const GROUP = 1000;

/** Prints the ids. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const index = await new Locator(flags).index(args[0], signal);
  const turns = new Turns(signal);
  for (let from = 0; from < index.count; from += GROUP) {
    let text = "";
    for (let i = from; i < Math.min(from + GROUP, index.count); i++) text += `${index.id(i)}\n`;
    print(text);
    await turns.pass();
  }
  return DONE;
}

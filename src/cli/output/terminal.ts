/** What is known of the terminal. */
import { environment } from "../../deno/system/permitted.ts";

/** Serial consoles do not know how many they have. */
const USUAL_COLUMNS = 80;

/** The terminal's width, or `otherwise` when there is none. */
export function terminalColumns(otherwise: number): number {
  try {
    return Deno.consoleSize().columns || USUAL_COLUMNS;
  } catch {
    return otherwise;
  }
}

/** The width of text on standard output, which may be a file or another program. */
export function outputColumns(): number {
  return Deno.stdout.isTerminal() ? terminalColumns(USUAL_COLUMNS) : USUAL_COLUMNS;
}

/** Whether this is a terminal that shows colours, and its user wants them (no-color.org). */
export function showsColours(output: { isTerminal(): boolean }): boolean {
  return output.isTerminal() && environment("TERM") !== "dumb" && environment("NO_COLOR") === "";
}

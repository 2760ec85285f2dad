/** What is said where a delta is not written. */
import { formatBytes } from "../../core/amounts.ts";
import type { DeltaFileResult } from "../../deno/make_delta.ts";
import { printError } from "./output.ts";

/** Says that it does not pay. */
export function printUnwrittenDelta(
  path: string,
  { bytes, chunks, storedBytes }: DeltaFileResult,
): void {
  printError(
    `${path} is not written: the delta would take ${
      formatBytes(bytes)
    }, the ${chunks} chunks themselves about ${formatBytes(storedBytes)}\n`,
  );
}

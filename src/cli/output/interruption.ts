/** What an interrupted command says about the work that it has done. */
import { DesyncError } from "../../core/errors.ts";
import { mayHavePartialFiles } from "../../deno/output/partial_file.ts";
import { isPath } from "../../stores/location.ts";

/** The options that say where the work may have left something. */
interface KeptOptions {
  readonly stores?: readonly string[];
  readonly cache?: string;
  readonly inPlace?: boolean;
}

/**
 * Runs `work`. When it is interrupted, the error says what the next run can go on from, or with which option it could. An
 * `extract` says itself that it left something; where it could have, and did not, there was nothing yet.
 */
export async function reportingWhatIsKept<T>(
  options: KeptOptions,
  command: "extract" | "other",
  work: () => Promise<T>,
): Promise<T> {
  return await reporting(whatIsKept(options, command), work);
}

/** The same for work that fills a store. */
export async function reportingKeptChunks<T>(store: string | undefined, work: () => Promise<T>): Promise<T> {
  const kept = `the chunks stored so far are kept in ${store}: the same command goes on from there`;
  return await reporting(store === undefined ? undefined : kept, work);
}

async function reporting<T>(kept: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isToExplain = error instanceof DesyncError && error.code === "interrupted" &&
      error.hint === undefined;
    if (kept === undefined || !isToExplain) throw error;
    throw new DesyncError(error.code, { reason: "Interrupted", hint: kept, cause: error });
  }
}

function whatIsKept(
  { stores = [], cache, inPlace }: KeptOptions,
  command: "extract" | "other",
): string | undefined {
  if (inPlace) return "what was written is kept: the same command goes on from there";
  if (cache !== undefined) return `what was fetched is kept in ${cache}: the same command goes on from there`;
  if (command === "extract" && mayHavePartialFiles) return undefined;
  const hints = [
    // Copying what is on this machine already does not help.
    ...stores.some((location) => !isPath(location)) ? ["-c CACHE"] : [],
    ...command === "extract" ? ["-k"] : [],
  ];
  if (hints.length === 0) return undefined;
  return `nothing is kept: with ${hints.join(" or ")} the next run would go on from there`;
}

/** What an interrupted command says about the work that it has done. */
import { DesyncError } from "../errors.ts";
import type { FlagValues } from "./flags.ts";
import { schemeOf } from "./scheme.ts";

/** Runs `work`. When it is interrupted, the error says what the next run can go on from, or with which option it could. */
export async function sayingWhatIsKept<T>(
  flags: FlagValues,
  canWriteInPlace: boolean,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code !== "interrupted") throw error;
    const kept = whatIsKept(flags, canWriteInPlace);
    if (kept === undefined) throw error;
    throw new DesyncError(error.code, `Interrupted (${kept})`, { cause: error });
  }
}

function whatIsKept(
  { store = [], cache, inPlace }: FlagValues,
  canWriteInPlace: boolean,
): string | undefined {
  if (inPlace) return "what was written is kept: the same command goes on from there";
  if (cache !== undefined) return `what was fetched is kept in ${cache}: the same command goes on from there`;
  const options = [
    // Copying what is on this machine already does not help.
    ...store.some((location) => schemeOf(location) !== undefined) ? ["-c CACHE"] : [],
    ...canWriteInPlace ? ["-k"] : [],
  ];
  if (options.length === 0) return undefined;
  return `nothing is kept: with ${options.join(" or ")} the next run would go on from there`;
}

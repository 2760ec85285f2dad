/** What the records of extended headers say about a member. */
import { parsePax, parsePaxNumber } from "./tar_pax.ts";
import { parseSparseList } from "./tar_sparse.ts";

/** Records by their keys, and what GNU tar has put there about a sparse file. */
export interface PaxFields {
  readonly records: ReadonlyMap<string, Uint8Array>;
  /** Offsets and lengths of a sparse file's parts, when they are listed here. */
  readonly sparseNumbers?: readonly number[];
  /** They are listed in front of the file's bytes. */
  readonly sparseMapInData: boolean;
  /** A sparse file's name and size, which those in the other places are not. */
  readonly sparseName?: Uint8Array;
  readonly sparseSize?: number;
}

const decoder = new TextDecoder();

/** Adds the records of an extended header: later ones replace earlier ones, and empty ones take them back. */
export function applyPax(bytes: Uint8Array, records: Map<string, Uint8Array>, sparse00: number[]): void {
  for (const { key, value } of parsePax(bytes)) {
    // The only keys that come several times and count each time.
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
      sparse00.push(parsePaxNumber(value, key));
    } else records.set(key, value);
  }
}

/** Reads what is about sparse files. Throws `invalid-archive`. */
export function readPaxFields(
  all: ReadonlyMap<string, Uint8Array>,
  sparse00: readonly number[],
): PaxFields {
  const records = new Map([...all].filter(([, value]) => value.length > 0));
  const text = (key: string) => {
    const value = records.get(key);
    return value === undefined ? undefined : decoder.decode(value);
  };
  const number = (key: string) => {
    const value = records.get(key);
    return value === undefined ? undefined : parsePaxNumber(value, key);
  };
  const map = text("GNU.sparse.map");
  const hasParts = map !== undefined || sparse00.length > 0 || number("GNU.sparse.numblocks") === 0;
  return {
    records,
    sparseNumbers: hasParts ? map === undefined ? sparse00 : parseSparseList(map) : undefined,
    sparseMapInData: text("GNU.sparse.major") === "1" && text("GNU.sparse.minor") === "0",
    sparseName: records.get("GNU.sparse.name"),
    sparseSize: number("GNU.sparse.realsize") ?? number("GNU.sparse.size"),
  };
}

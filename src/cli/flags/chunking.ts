/** Options about where a file is cut, and by how many threads. */
import type { ChunkSizes } from "../../core/chunk.ts";
import { chunkSizesProblem, DEFAULT_CHUNK_SIZES } from "../../chunker/params.ts";
import { DesyncError } from "../../core/errors.ts";
import { option } from "./flag.ts";
import { byteCount } from "./go_values.ts";

export const chunkSize = option({
  names: ["-m", "--chunk-size"],
  value: "min:avg:max",
  description: "minimum, average and maximum chunk size in KB, or with a unit (b, k, m)",
  parse: chunkSizes,
  fallback: DEFAULT_CHUNK_SIZES,
  fallbackText: "16:64:256",
});

export const start = option({
  names: ["-S", "--start"],
  value: "bytes",
  description: "start at this byte of the file, such as 4096 or 1M",
  parse: byteCount,
  fallback: 0,
});

const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1024, b: 1, k: 1024, m: 1024 * 1024 };

/** MIN:AVG:MAX, each in KB (1024 bytes) or with a unit: 16:64:256, 512b:2k:8k. */
function chunkSizes(text: string): ChunkSizes {
  const parts = text.split(":").map((part) => /^(\d+)([bkm]?)$/i.exec(part));
  if (parts.length !== 3 || parts.includes(null)) {
    throw new DesyncError("usage", { reason: "it is not MIN:AVG:MAX in KB, such as 16:64:256" });
  }
  const [min, avg, max] = parts.map((part) => Number(part![1]) * SIZE_UNITS[part![2].toLowerCase()]);
  const sizes = { min, avg, max };
  const reason = chunkSizesProblem(sizes);
  if (reason !== undefined) throw new DesyncError("usage", { reason });
  return sizes;
}

/** Which part of a blob. */
import { option } from "./flag.ts";
import { byteCount, byteCountOrAll } from "./go_values.ts";

export const offset = option({
  names: ["-o", "--offset"],
  value: "bytes",
  description: "start at this byte of the blob, such as 4096 or 1M",
  parse: byteCount,
  fallback: 0,
});

export const length = option({
  names: ["-l", "--length"],
  value: "bytes",
  description: "bytes to write, such as 4096 or 1M; 0 or less for the rest of the blob",
  parse: byteCountOrAll,
  fallback: 0,
});

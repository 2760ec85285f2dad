/** A blob that is another one in every run. */

import { joined } from "./joined.ts";
import { random } from "../random.ts";

/** A megabyte and a half of noise, text, zeros and repeats. */
export function freshBlob(): Uint8Array<ArrayBuffer> {
  const generator = random();
  const noise = generator.bytes(200_000 + generator.below(100_000));
  const words = ["chunk ", "index ", "store ", "zero ", "\n"];
  const text = Array.from({ length: 60_000 }, () => words[generator.below(words.length)]).join("");
  // More than two of the largest chunks at the usual sizes.
  const zeros = new Uint8Array(600_000 + generator.below(300_000));
  const rest = generator.bytes(generator.below(50_000));
  return joined([noise, new TextEncoder().encode(text), zeros, noise, rest]);
}

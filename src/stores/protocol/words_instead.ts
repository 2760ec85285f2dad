/** What a remote shell or a wrong program says where a protocol should begin. */
import { DesyncError } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";

/** As many bytes of the beginning are enough. */
const SHOWN = 200;

/** The beginning of what came, for {@linkcode wordsInstead}. */
export function beginningOf(seen: string, piece: Uint8Array): string {
  return (seen + new TextDecoder("latin1").decode(piece.subarray(0, SHOWN))).slice(0, SHOWN);
}

/** The error with those words, where they are worth showing. Packets of the protocol begin with zeros, or have them soon. */
export function wordsInstead(seen: string, protocol: string, error: unknown): unknown {
  const words = foreignText(seen.replaceAll(/[\x80-\xff]+/g, " "));
  if (words.length < 4 || seen.slice(0, 8).includes("\0")) return error;
  const reason = `it says ${JSON.stringify(words)} instead of speaking ${protocol}`;
  return new DesyncError("protocol", { reason, cause: error });
}

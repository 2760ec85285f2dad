/** Names for Deno's own functions, which open only what has one in UTF-8. */
import { DesyncError } from "../../core/errors.ts";
import { escapeName } from "../../formats/archive/node_text.ts";

/** The name as text. Throws `unsupported` if it is not UTF-8. */
export function utf8Name(action: "read" | "make", name: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    throw new DesyncError("unsupported", {
      action,
      subject: escapeName(name),
      reason: "its name is not UTF-8",
      hint: `allow --allow-ffi to ${action} it`,
    });
  }
}

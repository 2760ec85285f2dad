/** What is said of bytes that are not a delta file. */
import { DesyncError } from "../core/errors.ts";

/** The error for them; the caller, who knows the file, adds its name. */
export function invalidDelta(reason: string): DesyncError {
  return new DesyncError("invalid-delta", { reason: `not a valid delta file: ${reason}` });
}

/** Options that a command cannot do without. */
import { DesyncError } from "../../core/errors.ts";

/** The error for one that was not given. */
export function missingOption(option: string, whatToDo: string): DesyncError {
  return new DesyncError("usage", { problem: "Missing", subject: `option ${option}`, reason: whatToDo });
}

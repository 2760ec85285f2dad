/** Loads the package that speaks ssh. */
import { DesyncError } from "../../core/errors.ts";
import { SSH2, SSH2_NEEDS } from "../late_packages.ts";
import { errorCode } from "../system/error_code.ts";

if (import.meta.url.startsWith("http")) {
  // No lock file says which versions are meant.
  for (const name of SSH2_NEEDS) {
    try {
      await import(name);
    } catch {
      // It runs where it was built alone, but its version is settled.
    }
  }
}
/** The package. */
export const { default: ssh2 }: typeof import("./ssh2.d.ts") = await import(SSH2).catch((error) => {
  if (errorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
  throw new DesyncError("unsupported", {
    action: "use",
    subject: "--ssh-builtin",
    reason: "the package ssh2 is not installed",
    hint: "npm install ssh2 does that",
    cause: error,
  });
});

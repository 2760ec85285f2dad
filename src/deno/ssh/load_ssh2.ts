/** Loads the package that speaks ssh. */
import { SSH2, SSH2_NEEDS } from "../late_packages.ts";

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
export const { default: ssh2 }: typeof import("./ssh2.d.ts") = await import(SSH2);

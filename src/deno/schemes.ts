/** The schemes of locations that this program knows: one line each. What opens them is loaded when it is needed. */
import { PATH } from "../stores/location.ts";
import { redactLocation as redact, urlWithoutSecrets, urlWithUser } from "../stores/redact.ts";
import type { Scheme } from "../stores/scheme.ts";

/** A new scheme is a file with what opens it, and a line here. */
export const SCHEMES: readonly Scheme[] = [
  {
    names: [PATH],
    redact: (path) => path,
    load: async () => (await import("./store/directory_opener.ts")).directoryOpener,
  },
  {
    names: ["http", "https"],
    redact: urlWithoutSecrets,
    load: async (context) => (await import("./net/http_opener.ts")).openHttp(context),
  },
  { names: ["ssh"], redact: urlWithUser, load: async () => (await import("./ssh/ssh_opener.ts")).sshOpener },
  {
    names: ["sftp"],
    redact: urlWithUser,
    load: async () => (await import("./ssh/sftp_opener.ts")).openSftp(),
  },
  {
    names: ["s3+http", "s3+https"],
    redact: urlWithoutSecrets,
    load: async (context) => (await import("./net/s3_opener.ts")).openS3(context),
  },
  // What desync reaches and this program does not yet.
  { names: ["gs", "oci+http", "oci+https"], redact: urlWithoutSecrets },
];

/** The location without what must not be seen. */
export function redactLocation(location: string): string {
  return redact(SCHEMES, location);
}

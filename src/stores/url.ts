/** URLs as users write them. */
import { DesyncError } from "../core/errors.ts";
import { urlWithoutSecrets } from "./redact.ts";

/** The URL. Throws `usage` for something else. */
export function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // Without the cause, which repeats the text with its password.
    throw new DesyncError("usage", {
      action: "use",
      subject: urlWithoutSecrets(text),
      reason: "it is not a URL",
    });
  }
}

/** A lone % stands for itself, as in other programs. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

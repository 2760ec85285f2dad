/** What a location begins with, and what is said of those that lead nowhere. */
import { DesyncError } from "../errors.ts";
import { urlWithoutSecrets } from "../stores/http_secrets.ts";
import { isMissingScheme } from "./missing.ts";

/** `https` of `https://…`, `undefined` for a path. One letter is a drive of Windows. */
export function schemeOf(location: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1].toLowerCase();
}

/** The error for a location that cannot be used so. `known` are those that can. */
export function unknownScheme(action: string, scheme: string, known: string): DesyncError {
  const state = isMissingScheme(scheme) ? "not supported yet" : "not supported";
  return new DesyncError("usage", `Cannot ${action}: ${scheme} is ${state} (${known} are)`);
}

/** The location without a user's password and without a query, which may hold a signature. */
export function withoutSecrets(location: string): string {
  if (schemeOf(location) === undefined) return location;
  return urlWithoutSecrets(location);
}

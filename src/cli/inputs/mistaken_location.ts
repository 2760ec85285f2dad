/** Locations that say something else than was meant: a list, or a place on another host. */
import { isNotFound } from "../../deno/files/file_errors.ts";
import { DesyncError } from "../../core/errors.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { isPath, parseLocation } from "../../stores/location.ts";
import { readOnlyGroup } from "../../stores/registry.ts";

/** A directory whose name has a comma is several stores unless it is quoted: said where its parts do not exist. */
export function refuseCutName(location: string, next: string | undefined): void {
  const whole = `${location},${next}`;
  if (next === undefined || exists(location) || !exists(whole)) return;
  throw new DesyncError("usage", {
    action: "open",
    subject: `the store ${location}`,
    reason: "no such directory",
    hint: `a comma separates stores: for ${whole} write -s '"${whole}"'`,
  });
}

/** Throws `usage` for a path that does not exist and that casync would reach by ssh, alone or in a group. */
export function refuseOtherHost(location: string): void {
  for (const member of parseLocation(location)) {
    const hint = asOnAnotherHost(member);
    if (hint === undefined) continue;
    const reason = "no such directory";
    throw new DesyncError("usage", { action: "open", subject: `the store ${member}`, reason, hint });
  }
}

/** Nothing is made here in the name of a place on another host, or of a group. */
export function refuseToFill(location: string): void {
  if (isPath(location) && parseLocation(location).length > 1 && !exists(location)) {
    throw readOnlyGroup({ action: "store chunks in", subject: redactLocation(location) });
  }
  const there = asOnAnotherHost(location);
  if (there === undefined) return;
  throw new DesyncError("usage", {
    action: "store chunks in",
    subject: location,
    reason: "no such directory, and stores of other hosts are only read",
    hint: `${there}, for a new directory here ./${location}`,
  });
}

/** A group of stores is neither listed nor changed. */
export function refuseGroup(location: string, action: string): void {
  if (parseLocation(location).length < 2 || (isPath(location) && exists(location))) return;
  const reason = "it is a group of stores";
  const subject = redactLocation(location);
  throw new DesyncError("usage", { action, subject, reason, hint: "name one of them" });
}

/**
 * How a place that casync would reach by ssh (`user@host:/path`) is written here; `undefined` for other places, and for a
 * path that exists.
 */
function asOnAnotherHost(location: string): string | undefined {
  if (!isPath(location)) return undefined;
  const [, host, path] = /^((?:[^/@:]+@)?[^/@:]{2,}):(.+)$/.exec(location) ?? [];
  if (host === undefined || (!host.includes("@") && !path.startsWith("/")) || exists(location)) {
    return undefined;
  }
  return `for another host write ssh://${host}${
    path.startsWith("/") ? path : "/PATH, with the absolute path"
  }`;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !isNotFound(error);
  }
}

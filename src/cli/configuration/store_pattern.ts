/** The patterns of store-options, and the locations that they are for. */
import { isAbsolute, join, resolve } from "../../deno/system/paths.ts";
import { isPath } from "../../stores/location.ts";
import { escapeGoPattern, goMatches, isGoPattern } from "../inputs/go_pattern.ts";

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";
const IPV6_HOST = /^([a-z][a-z0-9+.-]*:\/\/(?:[^/]*@)?)\[([0-9a-f.]*:[0-9a-f:.]*)\]/i;

/**
 * Whether the options under that pattern are those of the location. Those of the location itself are, whatever it means as a
 * pattern, and the brackets of an IPv6 address stand for themselves: that a store is to be encrypted must not be missed.
 */
export function patternMatches(pattern: string, location: string): boolean {
  if (!isPath(location)) {
    const [known, text] = [pattern, location].map((one) => one.replace(/\/$/, ""));
    return known === text || goMatches(known.replace(IPV6_HOST, "$1\\[$2\\]"), text, "/");
  }
  if (resolve(pattern) === resolve(location)) return true;
  const absolute = isAbsolute(pattern) ? pattern : join(escapeGoPattern(Deno.cwd(), SEPARATOR), pattern);
  return goMatches(resolve(absolute), resolve(location), SEPARATOR);
}

/** Why nothing could match that pattern of store-options, if so. */
export function problemWithPattern(pattern: string): string | undefined {
  if (isGoPattern(pattern.replace(IPV6_HOST, "$1"), isPath(pattern) ? SEPARATOR : "/")) return undefined;
  return "has a [ without its ], or a \\ at its end";
}

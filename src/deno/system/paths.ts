/**
 * Parts of paths, as node:path has them. That takes 10 to 30 ms to load, which is much of what a small job takes, so that
 * only Windows has it do the work.
 */
import { node } from "./node.ts";

const isWindows = Deno.build.os === "windows";

/** Between the paths in a variable of the environment. */
export const PATH_DELIMITER: string = isWindows ? ";" : ":";

/** Whether it begins at a root. */
export function isAbsolute(path: string): boolean {
  return isWindows ? node.path.isAbsolute(path) : path.startsWith("/");
}

/** The parts as one path, without what is superfluous in it. */
export function join(...parts: readonly string[]): string {
  return isWindows ? node.path.join(...parts) : normalized(parts.filter((part) => part !== "").join("/"));
}

/** The absolute path without what is superfluous in it, and without a slash at its end. */
export function resolve(path: string): string {
  if (isWindows) return node.path.resolve(path);
  const whole = normalized(isAbsolute(path) ? path : `${Deno.cwd()}/${path}`);
  return whole.length > 1 && whole.endsWith("/") ? whole.slice(0, -1) : whole;
}

/** The last name in it, empty where there is none. */
export function basename(path: string): string {
  if (isWindows) return node.path.basename(path);
  const end = endOfName(path);
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end);
}

/** All before the last name in it, `.` where there is nothing. */
export function dirname(path: string): string {
  if (isWindows) return node.path.dirname(path);
  const slash = path.lastIndexOf("/", Math.max(0, endOfName(path) - 1));
  if (slash > 1) return path.slice(0, slash);
  if (slash < 0) return ".";
  return slash === 1 ? path.startsWith("/") ? "//" : path.slice(0, 1) : "/";
}

/** Where the last name ends: slashes may follow. */
function endOfName(path: string): number {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return end;
}

function normalized(path: string): string {
  const root = path.startsWith("/") ? "/" : "";
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.length > 0 && names.at(-1) !== "..") names.pop();
    else if (root === "") names.push("..");
  }
  const whole = root + names.join("/");
  if (whole === "") return path.endsWith("/") ? "./" : ".";
  return path.endsWith("/") && names.length > 0 ? `${whole}/` : whole;
}

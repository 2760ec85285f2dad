/** The paths under which indexes are requested: one name, right below the server. */

/** What no name has: separators of any system, a drive or stream of Windows, and what is not seen. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[/\\:\u0000-\u001f\u007f-\u009f]/;

/** Longer names are not taken, in bytes: no file system has them. */
const LONGEST_NAME = 255;

/**
 * The name of an index in the path, decoded once; `undefined` when it is not one name, or one that file systems or
 * programs may take for something else.
 */
export function parseIndexPath(path: string): string | undefined {
  if (!path.startsWith("/")) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(path.slice(1));
  } catch {
    return undefined;
  }
  // Hidden files and temporary ones begin with a dot, and so do `.` and `..`; options of programs with a dash.
  if (name === "" || /^[.-]/.test(name) || /[. ]$/.test(name) || FORBIDDEN.test(name)) return undefined;
  return new TextEncoder().encode(name).length > LONGEST_NAME ? undefined : name;
}

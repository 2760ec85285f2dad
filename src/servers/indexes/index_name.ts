/** The paths under which indexes are requested: one name, right below the server. */

/** What no name has: separators of any system, a drive or stream of Windows, and what is not seen. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[/\\:\u0000-\u001f\u007f-\u009f]/;

/** Devices of Windows, whatever their ending. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)\./i;

/** How names of indexes end: nothing else in a directory is served or replaced. */
const ENDING = /\.cai[bd]x$/;

/** Longer names are not taken, in bytes: no file system has them. */
const LONGEST_NAME = 255;

/**
 * The name of an index in the path, decoded once; `undefined` when it is not one name, or one that file systems or
 * programs may take for something else.
 */
export function parseIndexPath(path: string): string | undefined {
  // What is not ASCII is percent-encoded: there is one way to write a name.
  if (!/^\/[!-~]+$/.test(path)) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(path.slice(1));
  } catch {
    return undefined;
  }
  // Hidden files and temporary ones begin with a dot, and so do `.` and `..`; options of programs with a dash.
  if (/^[.-]/.test(name) || !ENDING.test(name) || FORBIDDEN.test(name) || DEVICE.test(name)) return undefined;
  return new TextEncoder().encode(name).length > LONGEST_NAME ? undefined : name;
}

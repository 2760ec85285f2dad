/** What runs this program, and what it has. The package for npm has a file for node in its place. */

/** As `--version` prints it. */
export const RUNTIME: string = `deno ${Deno.version.deno}`;

/** What calls of the C library take, in messages. */
export const FOREIGN_FUNCTIONS: string = "Linux and --allow-ffi";

/** Whether its node:zlib has zstd: Deno has the functions since 2.6, but they work since 2.7. */
export function hasZstd(): boolean {
  const [major, minor] = Deno.version.deno.split(".").map(Number);
  return major > 2 || major === 2 && minor >= 7;
}

/** Whether opening a pipe that has no writer stops more than the call: the whole thread, or in node the program's end. */
export function openingPipesStops(): boolean {
  return Deno.version.deno.startsWith("2.6.");
}

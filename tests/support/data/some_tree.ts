/** What tests of `tar` pack. */

import { random } from "../random.ts";
import type { TempDir } from "../temp.ts";

/** A directory with some files and a symlink. */
export function someTree(dir: TempDir): string {
  const bytes = random().bytes(300_000);
  dir.write("tree/a", "first");
  dir.write("tree/inner/big", bytes);
  dir.write("tree/inner/empty", "");
  if (Deno.build.os !== "windows") Deno.symlinkSync("inner/big", dir.path("tree", "link"));
  return dir.path("tree");
}

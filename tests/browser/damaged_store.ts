/** A store that has a chunk whose bytes were changed. */
import { join } from "node:path";
import type { TempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";

/** Writes testdata's store with its first chunk damaged to damaged.castr. Returns that chunk's id. */
export function damagedStore(dir: TempDir): string {
  const store = testdata("casync-zstd.castr");
  let damaged = "";
  for (const directory of Deno.readDirSync(store)) {
    for (const { name } of Deno.readDirSync(join(store, directory.name))) {
      const bytes = Deno.readFileSync(join(store, directory.name, name));
      if (damaged === "") {
        damaged = name.slice(0, 64);
        bytes[bytes.length >> 1] ^= 1;
      }
      dir.write(join("damaged.castr", directory.name, name), bytes);
    }
  }
  return damaged;
}

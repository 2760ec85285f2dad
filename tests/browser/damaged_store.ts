/** Stores that are not as they should be. */
import { join } from "node:path";
import type { TempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";

/** Writes testdata's store with its first chunk damaged to damaged.castr. Returns that chunk's id. */
export function damagedStore(dir: TempDir): string {
  let damaged = "";
  copyStore(dir, "damaged.castr", (id, bytes) => {
    if (damaged === "") {
      damaged = id;
      bytes[bytes.length >> 1] ^= 1;
    }
    return bytes;
  });
  return damaged;
}

/** Writes it without that chunk to incomplete.castr. */
export function incompleteStore(dir: TempDir, without: string): void {
  copyStore(dir, "incomplete.castr", (id, bytes) => id === without ? undefined : bytes);
}

function copyStore(
  dir: TempDir,
  name: string,
  change: (id: string, bytes: Uint8Array) => Uint8Array | undefined,
): void {
  const store = testdata("casync-zstd.castr");
  for (const directory of Deno.readDirSync(store)) {
    for (const file of Deno.readDirSync(join(store, directory.name))) {
      const bytes = change(file.name.slice(0, 64), Deno.readFileSync(join(store, directory.name, file.name)));
      if (bytes !== undefined) dir.write(join(name, directory.name, file.name), bytes);
    }
  }
}

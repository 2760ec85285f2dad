/** Tests of untar with either way to the system. */

import { nativeTree } from "../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../src/deno/tree/portable_tree.ts";
import type { TreeSystem } from "../../../src/deno/tree/tree_system.ts";
import { untarBy, type UntarByOptions } from "../../../src/deno/untar.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

export const root = Deno.build.os !== "windows" && Deno.uid() === 0;
export const native = nativeTree();

export function pieces(archive: Uint8Array): ReadableStream<Uint8Array> {
  return new Blob([new Uint8Array(archive)]).stream();
}

export async function unpack(
  archive: Uint8Array,
  target: string,
  options: UntarByOptions = {},
): Promise<string[]> {
  const { losses } = await untarBy(pieces(archive), target, options);
  return losses.map(({ what }) => what);
}

/** The test with either way to the system. */
export function both(
  name: string,
  test: (dir: TempDir, system: TreeSystem) => Promise<void>,
  ignoreNative = false,
): void {
  for (const [way, make] of [["native", nativeTree], ["portable", portableTree]] as const) {
    Deno.test({
      name: `untar (${way}): ${name}`,
      ignore: make === nativeTree && (native === null || ignoreNative),
      fn: async () => {
        using dir = tempDir();
        await test(dir, make()!);
      },
    });
  }
}

export const linkTo = (path: string) => Deno.readLinkSync(path);
export const modeOf = (path: string) => (Deno.lstatSync(path).mode ?? 0) & 0o7777;

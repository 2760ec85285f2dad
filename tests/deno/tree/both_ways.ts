/** A tar that is read in both ways. */

import { deepStrictEqual } from "node:assert/strict";
import type { ReadTarOptions } from "../../../src/deno/tree/tar_source.ts";
import type { SeenNode } from "../../support/data/archive_events.ts";
import { inPieces, seen } from "../../support/data/read_tar.ts";
import type { TempDir } from "../../support/temp.ts";

/** The same from a file and from a stream in pieces of an odd size. */
export async function bothWays(
  dir: TempDir,
  bytes: Uint8Array,
  options?: ReadTarOptions,
): Promise<SeenNode[]> {
  const fromFile = await seen(dir.write("both.tar", bytes), options);
  deepStrictEqual(await seen(inPieces(bytes, 777), options), fromFile);
  return fromFile.nodes;
}

export const paths = (nodes: SeenNode[]) => nodes.map(({ path }) => path);

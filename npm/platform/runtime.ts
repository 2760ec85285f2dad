/** What runs this program: node, in place of src/deno/system/runtime.ts. */
import * as zlib from "node:zlib";
import type * as deno from "../../src/deno/system/runtime.ts";

/** As `--version` prints it. */
export const RUNTIME: typeof deno.RUNTIME = `node ${process.versions.node}`;

/** Node calls no functions of libraries. */
export const FOREIGN_FUNCTIONS: typeof deno.FOREIGN_FUNCTIONS = "Linux and Deno";

/** Since 22.15 and 23.8. */
export const hasZstd: typeof deno.hasZstd = () => "zstdCompressSync" in zlib;

/** Node waits at its end for calls that are not over. */
export const openingPipesStops: typeof deno.openingPipesStops = () => true;

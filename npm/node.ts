/**
 * The part of the library for Node: local stores, native codecs, and blobs extracted into files by all processors. The
 * portable part is the package's main module.
 *
 * @module
 */
import { workersAreIn } from "../src/workers/start_worker.ts";

workersAreIn(new URL("./worker.js", import.meta.url).href);

export * from "../src/deno/mod.ts";

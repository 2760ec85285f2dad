/**
 * The part of the library that needs Deno: local stores, native codecs, and blobs extracted into files by all
 * processors. The portable part is in `../../mod.ts`.
 *
 * @example Extract a blob into a file
 * ```ts
 * import { parseIndex } from "@desync/desync";
 * import { extractToFile, LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const store = new LocalStore("testdata/casync-zstd.castr");
 * const output = await Deno.makeTempFile();
 * await extractToFile(index, { stores: [store] }, output);
 * if ((await Deno.stat(output)).size !== index.size) throw new Error("a part is missing");
 * await Deno.remove(output);
 * ```
 *
 * @module
 */
export { LocalStore } from "./local_store.ts";
export { nativeCodec } from "./native_codec.ts";
export { type CompressingCodec } from "../codec/codec.ts";
export { extractToFile, type ExtractToFileOptions } from "./extract_to_file.ts";
export { type ExtractOptions } from "../jobs/extract.ts";
export { Progress, type SourceCount } from "../jobs/progress.ts";

/**
 * The part of the library that needs Deno: local stores, native codecs, and blobs extracted into files by all
 * processors, archives unpacked into directories. The portable part is in `../../mod.ts`.
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
 * @example Unpack an archive into a directory
 * ```ts
 * import { untar } from "@desync/desync/deno";
 *
 * using archive = await Deno.open("testdata/tree.catar");
 * const target = await Deno.makeTempDir();
 * const { losses } = await untar(archive.readable, target, { sameOwner: false });
 * if (losses.length > 0) throw new Error(`not restored: ${losses.map(({ what }) => what).join(", ")}`);
 * if ((await Deno.readTextFile(`${target}/hello.txt`)).length !== 6) throw new Error("a part is missing");
 * await Deno.remove(target, { recursive: true });
 * ```
 *
 * @module
 */
export { LocalStore } from "./store/local_store.ts";
export { IndexDirectory, type IndexDirectoryOptions } from "./store/index_directory.ts";
export { type OpenOptions, openStore, openWritableStore, readIndex, writeIndex } from "./open_store.ts";
export { type S3KeyOptions, type StoreOptions } from "../stores/store_options.ts";
export { chunkCipher } from "./codec/native_cipher.ts";
export { nativeCodec } from "./codec/native_codec.ts";

export { type ExtractPhase, extractToFile, type ExtractToFileOptions } from "./extract_to_file.ts";
export { planExtraction, type PlanExtractionOptions } from "./plan_extraction.ts";
export { type BlobSeed, type InvalidSeeds, type OnSeedProblem } from "./seeds/blob_seed.ts";
export {
  type DeltaFileResult,
  type DeltaVersion,
  makeDeltaFile,
  type MakeDeltaFileOptions,
} from "./make_delta.ts";
export { type DeltaInput } from "../jobs/open_patches.ts";
export { type ExtractOptions } from "../jobs/extract.ts";
export { untar, type UntarOptions, type UntarResult } from "./untar.ts";
export { openTreeSeed, type TreeSeedOptions } from "./open_tree_seed.ts";
export { type AttributeOptions } from "./tree/restored.ts";
export { FileAccess } from "./files/file_access.ts";
export { type ReadTarOptions, readTarTree } from "./tree/tar_source.ts";
export { readTree } from "./tree/tree_reader.ts";
export { tar, type TarOptions } from "./tar.ts";
export { type VerifyByThreadsOptions, verifyStore } from "./verify_store.ts";
export { firstDifference, type FirstDifferenceOptions } from "./first_difference.ts";
export { type CompareOptions } from "../jobs/compare.ts";
export { type ByteRange } from "../transfer/ports.ts";
export {
  makeFromFile,
  type MakeFromFileOptions,
  makeFromStream,
  type MakeFromStreamOptions,
  type MakeOptions,
} from "./make.ts";
export { type MadeFromTree, makeFromTree, type MakeFromTreeOptions } from "./make_from_tree.ts";
export { type Made } from "../jobs/make.ts";
export { chopFile, type ChopFileOptions } from "./chop_file.ts";
export { copyChunks, type CopyChunksOptions } from "./copy_chunks.ts";
export { type StoringOptions } from "./store/storing_options.ts";
export { type HttpFetchOptions, makeHttpFetch } from "./net/http_fetch.ts";
export { type TlsOptions } from "./net/certificates.ts";

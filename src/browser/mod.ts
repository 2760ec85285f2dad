/**
 * The part of the library for pages: web workers that decompress and verify, and files of a browser. It comes besides
 * `mod.ts`, which runs in pages as well.
 *
 * @module
 */
export { WebWorkers, type WebWorkersOptions } from "./web_workers.ts";
export {
  blobKey,
  type ExtractInBrowserOptions,
  extractToChosenFile,
  extractToPrivateFile,
  type WebSeed,
} from "./extract_in_browser.ts";
export { openDeltaFile } from "./delta_input.ts";
export { type DeltaInput } from "../jobs/open_patches.ts";
export { type DirectoryHandle, type FileHandle, type FileStream } from "./file_system.ts";

/** The work on chunks by the system's own libraries, in threads that are the program's. */
import { preferSystemCodec } from "../deno/codec/native_codec.ts";
import { preferSystemFiles } from "../deno/files/file_calls.ts";
import { preferSystemStat } from "../deno/store/stored_file.ts";

/**
 * From now on, this thread works by the system's libraries where they can be had, which stay loaded. With `mayLeaveFilesOpen`
 * they also open files, and what is open when the thread is ended stays open: for a program that ends with its work.
 */
export function preferSystemLibraries(mayLeaveFilesOpen: boolean): void {
  preferSystemCodec();
  if (mayLeaveFilesOpen) preferSystemFiles();
  preferSystemStat();
}

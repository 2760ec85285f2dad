/** A store that a job fills with chunks. */
import type { ChunkEncoding } from "../../codec/encode_chunk.ts";
import type { FilledDestination } from "../../transfer/store_writer.ts";
import type { WritableChunkStore } from "../../stores/store.ts";
import { identityOf } from "../files/file_identity.ts";
import { checkIdentity } from "./directory_identity.ts";

/** A directory has to stay the same until all is written, and is never made again. */
export class FilledStore implements Disposable {
  /** What jobs need to know. */
  readonly destination: FilledDestination;
  /** Held open where that is possible: the system gives its inode's number to no other directory meanwhile. */
  readonly #directory: Deno.FsFile | undefined;

  /**
   * With `sync`, what is stored in a directory is on the disk when the job is over, and no power cut before leaves a part of a
   * chunk under its name.
   */
  constructor(store: WritableChunkStore, encoding: ChunkEncoding, sync: boolean) {
    const { directory, encryption } = store.properties;
    if (directory === undefined) {
      this.destination = { kind: "main", encoding, store };
      return;
    }
    this.#directory = openDirectory(directory);
    const identity = identityOf(this.#directory?.statSync() ?? Deno.statSync(directory));
    const run = sync ? crypto.randomUUID() : undefined;
    this.destination = { kind: "directory", directory, encryption, encoding, identity, run };
  }

  /** Throws `io` when its path no longer leads to it. To be called before success is reported, or an index written. */
  check(): void {
    if (this.destination.kind !== "directory") return;
    const { directory, identity } = this.destination;
    if (identity !== undefined) checkIdentity(directory, identity);
  }

  [Symbol.dispose](): void {
    this.#directory?.close();
  }
}

/** `undefined` on Windows, and for a directory that may be written and not listed. */
function openDirectory(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch {
    return undefined;
  }
}

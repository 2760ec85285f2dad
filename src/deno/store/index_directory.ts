/** Indexes in a directory of this machine. */
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { parsePieces } from "../../formats/index/index_parser.ts";
import type { WritableIndexStore } from "../../stores/index_store.ts";
import { filePieces } from "../files/file_pieces.ts";

/**
 * Reads and writes the files of a directory.
 *
 * @example Serve the indexes of a directory
 * ```ts
 * import { indexHandler } from "@desync/desync";
 * import { IndexDirectory } from "@desync/desync/deno";
 *
 * const handler = indexHandler(new IndexDirectory("testdata"));
 * const answer = await handler(new Request("http://localhost/casync-blob.caibx"));
 * const index = await answer.bytes();
 * if (index.length !== (await Deno.stat("testdata/casync-blob.caibx")).size) throw new Error("a part is missing");
 * ```
 */
export class IndexDirectory implements WritableIndexStore {
  readonly #path: string;
  readonly #sync: boolean;

  /** `path` is the directory; empty, it is the current one. With `sync`, no power cut takes anything away from what was written. */
  constructor(path: string, sync = true) {
    this.#path = path === "" || /[\\/]$/.test(path) ? path : `${path}/`;
    this.#sync = sync;
  }

  /** The index in the file of that name. */
  read(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<Index> {
    const path = this.#path + name;
    return parsePieces(filePieces(path, options.signal, `the index ${path}`));
  }

  /** Throws if there is something else than a file of that name. */
  async check(name: string): Promise<void> {
    // Most runs only read: they load nothing of what writes.
    const { checkOutput } = await import("../output/output_checks.ts");
    checkOutput(this.#path + name);
  }

  /** Replaces the file of that name at once. */
  async write(name: string, index: Index, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    const { writeWhole } = await import("../output/write_whole.ts");
    await writeWhole(this.#path + name, () => [serializeIndex(index)], { signal, sync: this.#sync });
  }
}

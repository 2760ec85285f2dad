/** Indexes in a directory of a machine that is reached by SFTP. */
import { abortable } from "../../core/abortable.ts";
import { DesyncError } from "../../core/errors.ts";
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { parsePieces } from "../../formats/index/index_parser.ts";
import { checkIndexName, type WritableIndexStore } from "../index_store.ts";
import { urlOfIndex } from "../location.ts";
import { percentDecoded } from "../url.ts";
import { SftpFiles } from "./sftp_files.ts";
import { isMissing } from "./sftp_errors.ts";
import { isStaleIndex, temporaryIndexName } from "./sftp_listing.ts";
import { isDirectory, isRegular } from "./sftp_packets.ts";
import { prefixOf, type SftpPlace } from "./sftp_place.ts";

/** Reads and writes the files of a directory. */
export class SftpIndexStore implements WritableIndexStore {
  readonly #place: SftpPlace;
  readonly #root: string;
  readonly #files: SftpFiles;

  /** Nothing is requested yet. */
  constructor(place: SftpPlace) {
    this.#place = place;
    this.#root = prefixOf(place.path);
    this.#files = new SftpFiles(place.sessions);
  }

  /** What arrives is checked as it comes: what is not an index may be large. */
  async read(name: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Index> {
    const path = this.#root + percentDecoded(name);
    return await this.#request("read the index", name, signal, async () => {
      const index = await this.#files.read(path, ({ pieces }) => parsePieces(owned(pieces())));
      if (index !== null) return index;
      throw new DesyncError("missing-file", { reason: "no such file or directory" });
    });
  }

  /** Looks at what is there, which shows whether the host can be reached. */
  async check(name: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const target = this.#target(name);
    await this.#request("write", name, signal, async () => {
      const [file, directory] = await Promise.all([this.#files.stat(target), this.#files.stat(this.#root)]);
      if (directory === null || !isDirectory(directory)) throw noDirectory();
      if (file !== null && !isRegular(file)) throw new DesyncError("usage", { reason: "it is not a file" });
    });
  }

  /** The file of that name is replaced when the server has all of the new one. */
  async write(
    name: string,
    index: Index,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const target = this.#target(name);
    const temporary = this.#root + temporaryIndexName();
    await this.#request("write", name, signal, async () => {
      try {
        await this.#files.write(target, temporary, serializeIndex(index));
      } catch (error) {
        throw isMissing(error) ? noDirectory() : error;
      }
      // The index is there, whatever comes of this.
      await this.#removeStale(target).catch(() => {});
    });
  }

  /** Removes what killed writers left in the directory for a day. The file was written just now: it shows the server's clock. */
  async #removeStale(written: string): Promise<void> {
    const now = (await this.#files.stat(written))?.mtime;
    if (now === undefined) return;
    for await (const entries of this.#files.list(this.#root)) {
      for (const entry of entries) {
        if (isStaleIndex(entry, now * 1000)) await this.#files.remove(this.#root + entry.name);
      }
    }
  }

  async #request<T>(
    action: string,
    name: string,
    signal: AbortSignal | undefined,
    send: () => Promise<T>,
  ): Promise<T> {
    try {
      return await abortable(send, signal);
    } catch (error) {
      // The registry says what an invalid index is.
      if (!(error instanceof DesyncError) || error.code === "invalid-index") throw error;
      throw error.withContext({ action, subject: urlOfIndex(this.#place.redacted, name) });
    }
  }

  #target(name: string): string {
    checkIndexName(name, this.#place.redacted);
    return this.#root + percentDecoded(name);
  }
}

/** The pieces in buffers of their own, which what parses them may give up. */
async function* owned(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pieces) yield piece.slice();
}

function noDirectory(): DesyncError {
  return new DesyncError("missing-file", { reason: "no such directory" });
}

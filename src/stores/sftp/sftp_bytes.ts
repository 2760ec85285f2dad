/** A file of a machine that is reached by SFTP. */
import { abortable } from "../../core/abortable.ts";
import { concat } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { ByteSource, RandomAccess } from "../byte_source.ts";
import { KeptBlocks } from "../kept_blocks.ts";
import { type SftpFile, SftpFiles } from "./sftp_files.ts";
import type { SftpPlace } from "./sftp_place.ts";

type Options = { readonly signal?: AbortSignal };

/** Reads it in order or at any place. */
export class SftpBytes implements ByteSource {
  readonly #place: SftpPlace;

  /** Nothing is requested yet. */
  constructor(place: SftpPlace) {
    this.#place = place;
  }

  async *stream(options: Options = {}): AsyncGenerator<Uint8Array, void> {
    using file = await openFile(this.#place, options.signal);
    yield* pieces(this.#place, file.pieces(), options.signal);
  }

  async access(options: Options = {}): Promise<RandomAccess & Disposable> {
    return new SftpAccess(this.#place, await openFile(this.#place, options.signal));
  }
}

/** Reads parts of a file, which has to stay what it is meanwhile. */
class SftpAccess implements RandomAccess, Disposable {
  readonly size: number;
  readonly #place: SftpPlace;
  readonly #mtime: number | undefined;
  readonly #blocks: KeptBlocks;
  #file: SftpFile;
  #reopening: Promise<SftpFile> | undefined;
  #closed = false;

  constructor(place: SftpPlace, file: SftpFile) {
    this.#place = place;
    this.#file = file;
    this.size = file.size;
    this.#mtime = file.mtime;
    const fetch = async (start: number, end: number, signal?: AbortSignal) =>
      concat(await Array.fromAsync(this.pieces(start, end, { signal })));
    this.#blocks = new KeptBlocks(file.size, fetch);
  }

  async read(offset: number, length: number, options: Options = {}): Promise<Uint8Array> {
    if (offset + length > this.size) {
      throw unreadable(this.#place, `it ends at byte ${this.size}, before byte ${offset + length}`);
    }
    return await this.#blocks.read(offset, length, options.signal);
  }

  async *pieces(start: number, end: number, options: Options = {}): AsyncGenerator<Uint8Array, void> {
    const file = await this.#opened(options.signal);
    yield* pieces(this.#place, file.pieces(start, end), options.signal);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#file[Symbol.dispose]();
  }

  /** The file, opened again by another session when its own broke: once for all who wait for it. */
  async #opened(signal?: AbortSignal): Promise<SftpFile> {
    if (!this.#file.ended) return this.#file;
    // Not begun for a caller that has given up: a failure would be an unhandled rejection.
    return await abortable(
      () => this.#reopening ??= this.#reopen().finally(() => this.#reopening = undefined),
      signal,
    );
  }

  async #reopen(): Promise<SftpFile> {
    const file = await openFile(this.#place);
    const same = file.size === this.size && file.mtime === this.#mtime;
    if (same && !this.#closed) return this.#file = file;
    file[Symbol.dispose]();
    throw unreadable(this.#place, same ? "it has been closed" : "it changed while it was read");
  }
}

async function openFile(place: SftpPlace, signal?: AbortSignal): Promise<SftpFile> {
  const files = new SftpFiles(place.sessions);
  const opening = naming(place, () => files.open(place.path));
  // An aborted caller does not close it.
  const opened = await abortable(() => opening, signal).catch((error) => {
    opening.then((file) => file?.[Symbol.dispose](), () => {});
    throw error;
  });
  if (opened !== null) return opened;
  const fields = { action: "read", subject: place.redacted, reason: "no such file or directory" };
  throw new DesyncError("missing-file", fields);
}

/** The pieces in buffers of their own, and errors that name the file. */
async function* pieces(
  place: SftpPlace,
  from: AsyncGenerator<Uint8Array, void>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  while (true) {
    const { value } = await abortable(() => naming(place, () => from.next()), signal);
    if (value === undefined) return;
    yield value.slice();
  }
}

async function naming<T>(place: SftpPlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DesyncError)) throw error;
    throw error.withContext({ action: "read", subject: place.redacted });
  }
}

function unreadable(place: SftpPlace, reason: string): DesyncError {
  return new DesyncError("store", { action: "read", subject: place.redacted, reason });
}

/** What a blob is built in by a page: a file of the browser's private file system, or one that the user has chosen. */
import { fileFailure } from "./file_failure.ts";
import type { DirectoryHandle, FileHandle, FileStream, MovableFile } from "./file_system.ts";
import type { DigestName } from "../core/chunk.ts";
import { type FileLock, lockFile } from "./file_lock.ts";
import type { OpenedOutput, Probed, ProbedChunk, WebTask, WrittenPiece } from "./tasks.ts";

/** Where workers' chunks are written. */
export interface WebOutput {
  /** Whether something may have been written to it before. */
  readonly resumed: boolean;
  /** The file, where web workers write it by themselves. */
  readonly shared?: FileHandle;
  /** Looks where the chunks are, and copies them to where they are not. */
  probe(digest: DigestName, chunks: readonly ProbedChunk[]): Promise<Probed>;
  write(pieces: readonly WrittenPiece[]): Promise<void>;
  /** Makes it count. */
  commit(): Promise<void>;
  /** Leaves it, or undoes it. */
  discard(keep: boolean): Promise<void>;
}

/** A web worker that has the file. */
interface FileWorker {
  run(task: WebTask, transfer?: ArrayBuffer[]): Promise<unknown>;
  end(): void;
}

/** How a file of the private file system ends while it is not whole. */
export const PARTIAL = ".part";

/** A file of the private file system. Until it is whole it has another name, under which the next run finds it. */
export class PrivateOutput implements WebOutput {
  readonly resumed: boolean;
  readonly shared: FileHandle | undefined;
  readonly #worker: FileWorker;
  readonly #directory: DirectoryHandle;
  readonly #name: string;
  readonly #lock: FileLock;

  private constructor(
    worker: FileWorker,
    directory: DirectoryHandle,
    name: string,
    lock: FileLock,
    resumed: boolean,
    shared: FileHandle | undefined,
  ) {
    this.#worker = worker;
    this.#directory = directory;
    this.#name = name;
    this.#lock = lock;
    this.resumed = resumed;
    this.shared = shared;
  }

  /** Opens it. What is there under its final name is looked at as well. Throws `io`. */
  static async open(
    worker: FileWorker,
    directory: DirectoryHandle,
    name: string,
    size: number,
  ): Promise<PrivateOutput> {
    let lock: FileLock | undefined;
    try {
      lock = await lockFile(directory, name);
      const whole = await directory.getFileHandle(name).catch(() => undefined);
      if (whole !== undefined) await movable(whole).move(name + PARTIAL);
      const file = await directory.getFileHandle(name + PARTIAL, { create: true });
      const task = { kind: "output", file, size, share: lock.isHeld } as const;
      const { resumed, shared } = await worker.run(task) as OpenedOutput;
      return new PrivateOutput(worker, directory, name, lock, resumed, shared ? file : undefined);
    } catch (error) {
      worker.end();
      lock?.release();
      throw fileFailure("write", name, error);
    }
  }

  async probe(digest: DigestName, chunks: readonly ProbedChunk[]): Promise<Probed> {
    return await this.#worker.run({ kind: "probe", digest, chunks }) as Probed;
  }

  async write(pieces: readonly WrittenPiece[]): Promise<void> {
    // Copied: of what is moved, Chromium keeps the memory until it collects the messages, which takes it very long.
    await this.#worker.run({ kind: "write", pieces });
  }

  async commit(): Promise<void> {
    try {
      await this.#worker.run({ kind: "close" });
      this.#worker.end();
      await movable(await this.#directory.getFileHandle(this.#name + PARTIAL)).move(this.#name);
    } catch (error) {
      throw fileFailure("write", this.#name, error);
    }
    this.#lock.release();
  }

  async discard(keep: boolean): Promise<void> {
    await this.#worker.run({ kind: "close" }).catch(() => {});
    this.#worker.end();
    if (!keep) await this.#directory.removeEntry(this.#name + PARTIAL).catch(() => {});
    this.#lock.release();
  }
}

/** Every file of the private file system is one. */
function movable(file: FileHandle): MovableFile {
  return file as unknown as MovableFile;
}

/** A file that the user has chosen. It stays as it is until all is written. */
export class ChosenOutput implements WebOutput {
  readonly resumed = false;
  readonly #stream: FileStream;
  readonly #name: string;

  private constructor(stream: FileStream, name: string) {
    this.#stream = stream;
    this.#name = name;
  }

  /** Begins to write it. Throws `io`. */
  static async open(file: FileHandle, size: number): Promise<ChosenOutput> {
    let stream: FileStream | undefined;
    try {
      stream = await file.createWritable();
      await stream.truncate(size);
      return new ChosenOutput(stream, file.name);
    } catch (error) {
      await stream?.abort().catch(() => {});
      throw fileFailure("write", file.name, error);
    }
  }

  /** What was written cannot be read again. */
  probe(_digest: DigestName, chunks: readonly ProbedChunk[]): Promise<Probed> {
    return Promise.resolve(chunks.map(() => "missing"));
  }

  async write(pieces: readonly WrittenPiece[]): Promise<void> {
    try {
      for (const { bytes, offsets } of pieces) {
        const data = bytes as Uint8Array<ArrayBuffer>;
        for (const position of offsets) await this.#stream.write({ type: "write", position, data });
      }
    } catch (error) {
      throw fileFailure("write", this.#name, error);
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#stream.close();
    } catch (error) {
      throw fileFailure("write", this.#name, error);
    }
  }

  async discard(): Promise<void> {
    await this.#stream.abort().catch(() => {});
  }
}

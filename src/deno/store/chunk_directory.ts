/**
 * Chunks as files in a directory: `abcd/abcd….cacnk` compressed, the same without the ending when plain, and with a further
 * one when encrypted.
 */
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { compressionOf } from "../../codec/codec.ts";
import type { ChunkKey } from "../../core/chunk_key.ts";
import { equalBytes, freeBytes } from "../../core/bytes.ts";
import {
  type ChunkId,
  chunkPath,
  maxStoredSize,
  type StoredChunk,
  type StoredForm,
  TEMPORARY_PREFIX,
} from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import type { FileIdentity } from "../../transfer/messages.ts";
import { checkIdentity, vanished } from "./directory_identity.ts";
import { files } from "../files/file_calls.ts";
import { fileError, isNotFound } from "../files/file_errors.ts";
import { cipherOf } from "../codec/native_cipher.ts";
import { followLinks, isShared } from "../output/planted.ts";
import { firstBytes, isStoredFile, StoredFileReader, touchFile } from "./stored_file.ts";
import { syncDataNow, syncFileData } from "../output/sync.ts";
import { removeQuietly } from "../files/remove_quietly.ts";
import { errorCode } from "../system/error_code.ts";

/** Permissions, less the umask, as desync's: all who may read the store may read every chunk, whatever the source permits. */
const FILE_MODE = 0o644;
export const DIRECTORY_MODE = 0o755;

/** A chunk whose file is complete, but for its name. Without paths: while a disk is slow there are many of these. */
export interface StagedChunk {
  readonly id: ChunkId;
  readonly form: StoredForm;
  readonly run: string;
}

/** How large a chunk may be to be written at once by a thread that has other work, in bytes. */
const LARGE_BYTES = 1024 * 1024;

/** A directory with chunks, and the key with which they are encrypted if they are. */
export interface ChunkPlace {
  readonly directory: string;
  readonly encryption?: ChunkKey;
}

/**
 * One reader and writer of such a directory: what is read from it and written to it is not encrypted. Most calls are
 * synchronous: they are made in workers, chunk after chunk.
 */
export class ChunkDirectory {
  readonly path: string;
  /** Ends the names of its chunks. */
  readonly suffix: string;
  /** Bytes by which its files are larger than what is written to it. */
  readonly overhead: number;
  readonly #cipher: ChunkCipher | undefined;
  /** The last chunk that was decrypted, unless that is in the reader's buffer. */
  #opened: Uint8Array | undefined;
  readonly #reader = new StoredFileReader();
  /** Whether others may write to the store, known when the first chunk is added. */
  #isShared: boolean | undefined;
  #forms: readonly [StoredForm, StoredForm] = ["compressed", "plain"];
  /** The `abcd` directories of which it is known that what is missing there is said to be missing. */
  readonly #searched = new Set<string>();

  constructor({ directory, encryption }: ChunkPlace) {
    this.path = directory;
    this.suffix = encryption?.suffix ?? "";
    this.#cipher = encryption && cipherOf(encryption);
    this.overhead = this.#cipher?.overhead ?? 0;
  }

  /** Where the chunk is when it is stored in this form. */
  pathOf(id: ChunkId, form: StoredForm): string {
    return `${this.path}/${chunkPath(id, form, this.suffix)}`;
  }

  /**
   * The chunk, `null` when neither form is there. Its bytes are valid until the next call: they lie in a buffer that
   * is used again. Throws `invalid-chunk` when the file is too large for a chunk of `size` bytes, or not a regular file.
   */
  read(id: ChunkId, size: number): StoredChunk | null {
    for (const form of this.#forms) {
      const chunk = this.readForm(id, form, size);
      if (chunk === null) continue;
      if (this.#forms[0] !== form) {
        this.#forms = form === "plain" ? ["plain", "compressed"] : ["compressed", "plain"];
      }
      return chunk;
    }
    return null;
  }

  /** The same for one form alone. */
  readForm(id: ChunkId, form: StoredForm, size: number): StoredChunk | null {
    const bytes = this.#readFile(this.pathOf(id, form), maxStoredSize(size));
    return bytes === null ? null : { form, bytes: this.#open(bytes) };
  }

  #open(bytes: Uint8Array): Uint8Array {
    if (this.#cipher === undefined) return bytes;
    if (this.#opened !== undefined) freeBytes(this.#opened);
    this.#opened = undefined;
    const opened = this.#cipher.open(bytes);
    if (opened.buffer !== bytes.buffer) this.#opened = opened;
    return opened;
  }

  /** The form in which the chunk is here, `null` when it is not. */
  has(id: ChunkId): StoredForm | null {
    // What cannot be seen counts as missing: reading or writing it gives the error.
    return this.#forms.find((form) => isStoredFile(this.pathOf(id, form))) ?? null;
  }

  /** Bytes of the chunk's file, `null` when neither form is here. */
  storedSize(id: ChunkId): number | null {
    for (const form of this.#forms) {
      const size = this.sizeOfForm(id, form);
      if (size !== undefined) return size;
    }
    return null;
  }

  /**
   * Bytes of what {@linkcode read} gives of a chunk that is here in this form alone, plain or as zstd; `undefined` for any
   * other, and for what cannot be seen.
   */
  readySize(id: ChunkId, form: StoredForm): number | undefined {
    const path = this.pathOf(id, form);
    const other = this.pathOf(id, form === "plain" ? "compressed" : "plain");
    if (this.#cipher !== undefined || !files().exists(path) || files().exists(other)) return undefined;
    try {
      const { isFile, size } = Deno.statSync(path);
      if (!isFile || size === 0) return undefined;
      return form === "plain" || compressionOf(firstBytes(path, 8)) === "zstd" ? size : undefined;
    } catch {
      return undefined; // reading it says why
    }
  }

  /** Bytes of the chunk's file when it is here in this form. */
  sizeOfForm(id: ChunkId, form: StoredForm): number | undefined {
    return this.fileOf(id, form)?.size;
  }

  /** What is known about the chunk's file when it is here in this form. */
  fileOf(id: ChunkId, form: StoredForm): Deno.FileInfo | undefined {
    const path = this.pathOf(id, form);
    const prefix = id.slice(0, 4);
    // An error takes twenty times as long as this, which hides why a file cannot be seen.
    if (this.#searched.has(prefix) && !files().exists(path)) return undefined;
    try {
      const file = Deno.statSync(path);
      return file.isFile ? file : undefined;
    } catch (error) {
      if (!isNotFound(error)) throw fileError("read", path, error);
      this.#searched.add(prefix);
      return undefined;
    }
  }

  /**
   * Gives the chunk's file a new modification time. Failing is no harm: another's cache may be read-only, and a symlink is
   * left alone.
   */
  touch(id: ChunkId, form: StoredForm): void {
    try {
      touchFile(this.pathOf(id, form));
    } catch {
      // The time only helps to find unused chunks.
    }
  }

  /** Removes the chunk, in every form or in that one. */
  remove(id: ChunkId, only?: StoredForm): void {
    for (const form of this.#forms) {
      if (only !== undefined && form !== only) continue;
      try {
        Deno.removeSync(this.pathOf(id, form));
      } catch (error) {
        if (!isNotFound(error)) throw fileError("remove", `chunk ${id} from ${this.path}`, error);
      }
    }
  }

  /**
   * Adds the chunk: complete under a temporary name in its own directory, then renamed. The store itself is never made
   * here; with `store`, no directory is made in any other.
   */
  write(id: ChunkId, chunk: StoredChunk, store?: FileIdentity): void {
    this.place(this.stage(id, chunk, crypto.randomUUID(), { store })!);
  }

  /**
   * The first step of that: under a temporary name that `run` and the id make. With `sync`, its bytes are on the disk. `null`
   * when another thread of this run does the same.
   */
  stage(
    id: ChunkId,
    chunk: StoredChunk,
    run: string,
    { store, sync = false }: { readonly store?: FileIdentity; readonly sync?: boolean },
  ): StagedChunk | null {
    const staged = { id, form: chunk.form, run };
    try {
      using file = this.#createNew(staged, store);
      const bytes = this.#cipher?.seal(chunk.bytes) ?? chunk.bytes;
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      if (bytes !== chunk.bytes) freeBytes(bytes);
      if (sync) syncDataNow(file);
      return staged;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return null;
      this.discard(staged);
      throw this.#notStored(id, error);
    }
  }

  /** The same under a name of its own, for threads that have other work: that goes on while a large chunk is written. */
  async stageAside(
    id: ChunkId,
    chunk: StoredChunk,
    options: { readonly sync?: boolean },
  ): Promise<StagedChunk> {
    const run = crypto.randomUUID();
    // Nothing else has this name.
    if (chunk.bytes.length <= LARGE_BYTES) return this.stage(id, chunk, run, options)!;
    const staged = { id, form: chunk.form, run };
    try {
      using file = this.#createNew(staged);
      const bytes = this.#cipher?.seal(chunk.bytes) ?? chunk.bytes;
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      if (options.sync) await syncFileData(file);
      return staged;
    } catch (error) {
      this.discard(staged);
      throw this.#notStored(id, error);
    }
  }

  /** Whether {@linkcode stage} has begun with the chunk in this run. */
  hasStaged(id: ChunkId, run: string): boolean {
    return files().exists(this.stagedPath({ id, run }));
  }

  /** Where the chunk is until it has its name. */
  stagedPath({ id, run }: Omit<StagedChunk, "form">): string {
    return `${this.#directoryOf(id)}/${TEMPORARY_PREFIX}${run}-${id}`;
  }

  #directoryOf(id: ChunkId): string {
    return `${this.path}/${id.slice(0, 4)}`;
  }

  /** The last step: the chunk gets its name. */
  place(staged: StagedChunk): void {
    const { id, form } = staged;
    const [temporary, target] = [this.stagedPath(staged), this.pathOf(id, form)];
    try {
      Deno.renameSync(temporary, target);
    } catch (error) {
      // Windows replaces no file that is open: another is reading, or was faster with the same chunk.
      const same = isNotReplaced(error) && this.#areSame(temporary, target);
      removeQuietly(temporary);
      if (!same) throw this.#notStored(id, error);
    }
  }

  /** In the place of the last step. Failing is no harm: stale temporary files are removed by age. */
  discard(staged: StagedChunk): void {
    removeQuietly(this.stagedPath(staged));
  }

  /** Whether both files have the same bytes. */
  #areSame(temporary: string, target: string): boolean {
    try {
      const bytes = Deno.readFileSync(temporary);
      const held = this.#reader.read(target, bytes.length);
      return held !== null && equalBytes(held, bytes);
    } catch {
      return false;
    }
  }

  #notStored(id: ChunkId, error: unknown): DesyncError {
    // Nothing that was there can be missing now.
    if (isNotFound(error)) return vanished(this.path);
    return fileError("store", `chunk ${id} in ${this.path}`, error);
  }

  /** Opened with its mode: `Deno.writeFileSync` would set that afterwards, umask or not. */
  #createNew(staged: StagedChunk, store?: FileIdentity): Deno.FsFile {
    const directory = this.#directoryOf(staged.id);
    const path = this.stagedPath(staged);
    const options = { createNew: true, write: true, mode: FILE_MODE };
    // Asking costs a tenth of what the error for a missing directory does.
    if (files().exists(directory)) {
      this.#refusePlanted(directory);
      try {
        return Deno.openSync(path, options);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    if (store !== undefined) checkIdentity(this.path, store);
    try {
      Deno.mkdirSync(directory, { mode: DIRECTORY_MODE });
    } catch (error) {
      // Another thread or program may have been faster.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    return Deno.openSync(path, options);
  }

  /** In a store that others may write to, a directory of chunks may be a symlink of theirs to somewhere else. */
  #refusePlanted(directory: string): void {
    this.#isShared ??= isShared(Deno.statSync(this.path));
    if (this.#isShared && Deno.lstatSync(directory).isSymlink) followLinks(directory);
  }

  #readFile(path: string, limit: number): Uint8Array | null {
    try {
      return this.#reader.read(path, limit);
    } catch (error) {
      // What is wrong with the chunk is said by the caller, who knows more of it.
      throw error instanceof DesyncError ? error : fileError("read", path, error);
    }
  }
}

/** Whether a rename failed because of what is at the new name. */
function isNotReplaced(error: unknown): boolean {
  return ["EPERM", "EACCES", "EBUSY", "EEXIST"].includes(errorCode(error)) ||
    error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.AlreadyExists ||
    error instanceof Deno.errors.Busy;
}

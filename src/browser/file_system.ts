/** The parts of browsers' files that are used: the types that Deno has do not know them. */

/** A file, as `FileSystemFileHandle` is one. */
export interface FileHandle {
  /** Its name in its directory. */
  readonly name: string;
  /** What is in it. */
  getFile(): Promise<File>;
  /** Begins to replace it. */
  createWritable(): Promise<FileStream>;
}

/** A directory, as `FileSystemDirectoryHandle` is one. */
export interface DirectoryHandle {
  /** The file of this name. */
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>;
  /** Removes it. */
  removeEntry(name: string): Promise<void>;
}

/** A stream of a file that the user has chosen: the browser replaces the file when all is written. */
export interface FileStream {
  /** Writes bytes to a place. */
  write(data: { type: "write"; position: number; data: Uint8Array<ArrayBuffer> }): Promise<void>;
  /** Gives the file that size. */
  truncate(size: number): Promise<void>;
  /** Replaces the file. */
  close(): Promise<void>;
  /** Leaves the file as it was. */
  abort(): Promise<void>;
}

/** Files of the private file system can be renamed, which no type says. */
export interface MovableFile {
  move(name: string): Promise<void>;
}

/** A directory that knows where it is. */
export interface ResolvableDirectory {
  resolve(directory: DirectoryHandle): Promise<readonly string[] | null>;
}

/** Locks that all tabs of a site see, as `navigator.locks` has them. */
export interface Locks {
  /** Holds the lock, unless another has it and `held` gets `null`, as long as what `held` returns is not settled. */
  request(
    name: string,
    options: { ifAvailable: true },
    held: (lock: unknown) => Promise<void>,
  ): Promise<void>;
}

/** And opened by web workers. */
export interface AccessibleFile {
  readonly name: string;
  createSyncAccessHandle(options?: { mode: "readwrite-unsafe" }): Promise<AccessHandle>;
}

/** A file that is open in a web worker. */
export interface AccessHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(from: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

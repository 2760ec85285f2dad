/** A temporary file for a stream that has to be read again, at any place. Gone whatever happens. */
import { join } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { fileError } from "./file_errors.ts";
import { environment } from "../system/permitted.ts";
import { removeQuietly } from "./remove_quietly.ts";
import { node } from "../system/node.ts";

/** Written front to back, then read. */
export class SpoolFile implements Disposable {
  /** What messages call it: it has no name of its own. */
  readonly #subject: string;
  readonly #path: string;
  readonly #fd: number;
  #size = 0;

  /** Throws `missing-file` or `io` when it cannot be made. Default: in the system's directory for temporary files. */
  constructor(directory: string = temporaryDirectory()) {
    this.#subject = `a temporary file in ${directory}`;
    this.#path = join(directory, `.tmp-desync-spool-${crypto.randomUUID()}`);
    try {
      this.#fd = node.fs.openSync(this.#path, "wx+", 0o600);
    } catch (error) {
      throw fileError("make", this.#subject, error);
    }
    // Without a name it goes with the program, even one that is killed. Windows removes no file that is open.
    if (Deno.build.os !== "windows") removeQuietly(this.#path);
  }

  /** Adds bytes at the end. */
  append(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) {
        at += node.fs.writeSync(this.#fd, bytes, at, bytes.length - at, this.#size + at);
      }
    } catch (error) {
      throw fileError("write", this.#subject, error);
    }
    this.#size += bytes.length;
  }

  /** Keeps the first bytes alone: what was appended since, or in part, gives its room back. */
  cut(size: number): void {
    try {
      node.fs.ftruncateSync(this.#fd, size);
    } catch (error) {
      throw fileError("write", this.#subject, error);
    }
    this.#size = size;
  }

  /** Fills `buffer` with the bytes from `offset` on. Throws `io` when there are not so many. */
  read(buffer: Uint8Array, offset: number): void {
    for (let at = 0; at < buffer.length;) {
      const read = node.fs.readSync(this.#fd, buffer, at, buffer.length - at, offset + at);
      if (read === 0) {
        throw new DesyncError("io", {
          action: "read",
          subject: this.#subject,
          reason: "it became shorter",
        });
      }
      at += read;
    }
  }

  [Symbol.dispose](): void {
    node.fs.closeSync(this.#fd);
    removeQuietly(this.#path);
  }
}

function temporaryDirectory(): string {
  if (Deno.build.os === "windows") return environment("TEMP") || environment("TMP") || ".";
  return environment("TMPDIR") || "/tmp";
}

/** A directory of a test's own: `using dir = tempDir();` removes it at the end of the block, whatever happened. */

import { dirname, join } from "node:path";

/** A temporary directory that is removed when it is disposed of. */
export class TempDir implements Disposable {
  /** The directory itself, with symlinks resolved, so that it can be compared with what programs print. */
  readonly root: string = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "desync-test-" }));

  /** The path of something inside; the directories above it are made, the thing itself is not. */
  path(...names: string[]): string {
    const path = join(this.root, ...names);
    if (names.length > 0) Deno.mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  /** Writes a file and returns its path. */
  write(name: string, content: Uint8Array | string): string {
    const path = this.path(name);
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }

  /** The same for a file that only its owner may read. */
  writePrivate(name: string, content: string): string {
    const path = this.write(name, content);
    if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o600);
    return path;
  }

  /** Makes a directory and returns its path. */
  dir(name: string): string {
    const path = this.path(name);
    Deno.mkdirSync(path, { recursive: true });
    return path;
  }

  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.root, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Makes a temporary directory. */
export function tempDir(): TempDir {
  return new TempDir();
}

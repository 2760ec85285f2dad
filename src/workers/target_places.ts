/** In a worker: the places of the blob under construction, which is kept open from task to task. */
import { fileError } from "../deno/files/file_errors.ts";
import { TargetFile } from "../deno/output/target_file.ts";
import type { AssembleItem, TargetInfo } from "../transfer/messages.ts";

/** One for each thread. */
export class TargetPlaces {
  #target: { info: TargetInfo; file: TargetFile } | undefined;

  /** Writes the verified bytes to these places. */
  write(
    target: TargetInfo,
    item: AssembleItem,
    bytes: Uint8Array,
    offsets: readonly number[] = item.offsets,
  ): void {
    const file = this.#open(target);
    try {
      for (const offset of offsets) {
        if (item.cloned) file.overwrite(bytes, offset);
        else file.write(bytes, offset);
      }
    } catch (error) {
      throw fileError("write", target.displayName, error);
    }
  }

  /** Whether the chunk is there or not, if that is known without reading it. */
  knows(target: TargetInfo, item: AssembleItem, offset: number): boolean | undefined {
    // What was not written yet need not be read.
    const isZeros = item.isZeros === true;
    if (!target.resumed && !isZeros) return undefined;
    return this.#open(target).isHole(offset, item.size) ? isZeros : undefined;
  }

  /** What is there now: as much of `buffer` as the file fills. Nothing is verified. */
  read(target: TargetInfo, buffer: Uint8Array, offset: number): Uint8Array {
    try {
      return this.#open(target).read(buffer, offset);
    } catch (error) {
      // What cannot be read of an earlier run is written again.
      if (target.resumed) return buffer.subarray(0, 0);
      throw fileError("read", target.displayName, error);
    }
  }

  release(): void {
    this.#target?.file.close();
    this.#target = undefined;
  }

  #open(info: TargetInfo): TargetFile {
    const open = this.#target;
    if (open !== undefined && isSameTarget(open.info, info)) return open.file;
    this.release();
    try {
      this.#target = { info, file: new TargetFile(info.path, info) };
    } catch (error) {
      throw fileError("write", info.displayName, error);
    }
    return this.#target.file;
  }
}

/** Whether a file that was opened for the one can be used for the other. */
function isSameTarget(a: TargetInfo, b: TargetInfo): boolean {
  return a.path === b.path && a.sparse === b.sparse && a.resumed === b.resumed;
}

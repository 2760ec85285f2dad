/**
 * The indexes of seeds that were cut, and of files that are overwritten, kept for the next run. They are hints: no chunk is used before it is verified, so that
 * an index which has become wrong costs time and nothing else.
 */
import { join, resolve } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { parseIndex } from "../../formats/index/index_parser.ts";
import { looksLikeBlob } from "../../jobs/compare.ts";
import type { Workers } from "../../transfer/ports.ts";
import { WholeFile } from "../output/whole_file.ts";
import { removeQuietly } from "../files/remove_quietly.ts";
import { mayRead, mayWrite } from "../system/permitted.ts";
import { node } from "../system/node.ts";

/** The newest that are kept. */
const MOST_KEPT = 16;
/** Those of larger seeds are not kept: 100 GB in chunks of 64 KB. */
const MOST_BYTES = 64 * 1024 * 1024;

const NAME = /^[0-9a-f]{64}\.caibx$/;

/** How a seed is cut. */
type Cutting = Pick<Index, "sizes" | "digest">;

/** A directory of them. Whatever fails there is as if nothing were kept. */
export class KeptIndexes {
  readonly #directory: string;

  /** The directory is made when something is kept. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The index of the file as it is, if it was kept and a look at some of its chunks does not show that it is wrong. */
  async find(
    path: string,
    cutting: Cutting,
    workers: Workers,
    signal?: AbortSignal,
  ): Promise<Index | undefined> {
    const index = this.#read(() => this.#placeOf(path, cutting), cutting.digest);
    if (index === undefined) return undefined;
    try {
      // A block device has no time that says when it was written to.
      if (await looksLikeBlob(path, index, workers, signal)) return index;
    } catch (error) {
      if (error instanceof DesyncError && error.code === "interrupted") throw error;
    }
    this.forget(path, cutting);
    return undefined;
  }

  /** Keeps the index of the file as it is, and removes the oldest. */
  async keep(path: string, index: Index): Promise<void> {
    await this.#keep(index, () => this.#placeOf(path, index));
  }

  /** Keeps the index of a file that will be overwritten, in the place of the one before. */
  async keepOverwritten(path: string, index: Index): Promise<void> {
    await this.#keep(index, () => this.#placeOfOverwritten(path));
  }

  /** What was kept of a file before it was overwritten, in whatever part. */
  findOverwritten(path: string, digest: Index["digest"]): Index | undefined {
    return this.#read(() => this.#placeOfOverwritten(path), digest);
  }

  async #keep(index: Index, placeOf: () => string): Promise<void> {
    const bytes = serializeIndex(index);
    if (bytes.length > MOST_BYTES || !this.#isPermitted) return;
    try {
      Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      using file = new WholeFile(placeOf(), false);
      file.write(bytes);
      await file.commit();
      this.#removeOldest();
    } catch {
      // The next run cuts the seed again.
    }
  }

  /** Removes an index that has turned out to be wrong. */
  forget(path: string, cutting: Cutting): void {
    if (!this.#isPermitted) return;
    try {
      removeQuietly(this.#placeOf(path, cutting));
    } catch {
      // The seed itself is gone: its index is among the oldest before long.
    }
  }

  get #isPermitted(): boolean {
    return mayRead(this.#directory) && mayWrite(this.#directory);
  }

  #read(placeOf: () => string, digest: Index["digest"]): Index | undefined {
    if (!this.#isPermitted) return undefined;
    try {
      const place = placeOf();
      const { isFile, size } = Deno.lstatSync(place);
      if (!isFile || size > MOST_BYTES) return undefined;
      const index = parseIndex(Deno.readFileSync(place));
      const now = new Date();
      Deno.utimeSync(place, now, now);
      return index.digest === digest ? index : undefined;
    } catch {
      return undefined;
    }
  }

  /** Named by all that another index would follow from. */
  #placeOf(path: string, { sizes, digest }: Cutting): string {
    const { size, mtime, ino, dev, rdev } = Deno.statSync(path);
    const { min, avg, max } = sizes;
    return this.#placeNamed([resolve(path), size, mtime?.getTime(), ino, dev, rdev, min, avg, max, digest]);
  }

  #placeOfOverwritten(path: string): string {
    return this.#placeNamed([resolve(path), "overwritten"]);
  }

  #placeNamed(key: readonly unknown[]): string {
    const name = node.crypto.createHash("sha256").update(JSON.stringify(key)).digest("hex");
    return join(this.#directory, `${name}.caibx`);
  }

  #removeOldest(): void {
    const kept = [...Deno.readDirSync(this.#directory)].filter(({ name, isFile }) =>
      isFile && NAME.test(name)
    )
      .map(({ name }) => join(this.#directory, name))
      .map((path) => ({ path, time: Deno.lstatSync(path).mtime?.getTime() ?? 0 }))
      .sort((a, b) => b.time - a.time);
    for (const { path } of kept.slice(MOST_KEPT)) removeQuietly(path);
  }
}

/** What was asked for last, kept in memory within a bound. */
import type { Content } from "../content.ts";

/** A larger share of the memory is not given to one: it would push out all others. */
const LARGEST_SHARE = 1 / 4;
/** When memory is full, one of so many takes the place of others: more would come and go than are asked for again. */
const ADMITTED = 16;
/** Bytes that an entry takes besides its content: name, headers, and the table. */
const ENTRY_BYTES = 1024;

/** Contents by the paths under which they are requested; those not used for longest go first. */
export class HotChunks {
  readonly #limit: number;
  /** In the order of their use. */
  readonly #contents = new Map<string, Content>();
  #bytes = 0;
  #refused = 0;

  /** Keeps so many bytes at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Whether a content of so many bytes, which costs something to get ready, is worth keeping: always while there is room,
   * then now and then.
   */
  wants(bytes: number): boolean {
    const size = bytes + ENTRY_BYTES;
    if (size > this.#limit * LARGEST_SHARE) return false;
    return this.#bytes + size <= this.#limit || ++this.#refused % ADMITTED === 0;
  }

  /** What is kept for the path. */
  get(path: string): Content | undefined {
    const content = this.#contents.get(path);
    if (content === undefined) return undefined;
    this.#contents.delete(path);
    this.#contents.set(path, content);
    return content;
  }

  /** Keeps the content, if it is not too large. */
  set(path: string, content: Content): void {
    const bytes = sizeOf(content);
    if (bytes > this.#limit * LARGEST_SHARE) return;
    this.#remove(path);
    this.#contents.set(path, content);
    this.#bytes += bytes;
    for (const oldest of this.#contents.keys()) {
      if (this.#bytes <= this.#limit) break;
      this.#remove(oldest);
    }
  }

  #remove(path: string): void {
    const content = this.#contents.get(path);
    if (content === undefined) return;
    this.#contents.delete(path);
    this.#bytes -= sizeOf(content);
  }
}

function sizeOf({ bytes }: Content): number {
  return bytes.length + ENTRY_BYTES;
}

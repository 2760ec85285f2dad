/** What was asked for last, kept in memory within a bound. */
import type { Content } from "../content.ts";

/** A larger share of the memory is not given to one: it would push out all others. */
const LARGEST_SHARE = 1 / 4;
/** When memory is full, one of so many takes the place of others: more would come and go than are asked for again. */
const ADMITTED = 16;
/** Bytes that an entry takes besides its content: name, headers, and the table. */
const ENTRY_BYTES = 1024;

/** What is kept, and whether it was used since it was last looked at to make room. */
interface Entry {
  readonly content: Content;
  used: boolean;
}

/**
 * Contents by the paths under which they are requested; those not used for long go first. What is used gets a second chance
 * when its turn comes: to keep the exact order would cost every request more than it is worth.
 */
export class HotChunks {
  readonly #limit: number;
  /** In the order of their turns to go. */
  readonly #entries = new Map<string, Entry>();
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
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.content;
  }

  /** Keeps the content, if it is not too large. */
  set(path: string, content: Content): void {
    const bytes = sizeOf(content);
    if (bytes > this.#limit * LARGEST_SHARE) return;
    this.#remove(path);
    for (const [next, entry] of this.#entries) {
      if (this.#bytes + bytes <= this.#limit) break;
      this.#remove(next);
      if (entry.used) this.#add(next, entry.content);
    }
    this.#add(path, content);
  }

  #add(path: string, content: Content): void {
    this.#entries.set(path, { content, used: false });
    this.#bytes += sizeOf(content);
  }

  #remove(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#bytes -= sizeOf(entry.content);
  }
}

function sizeOf({ bytes }: Content): number {
  return bytes.length + ENTRY_BYTES;
}

/** Spans of a blob hashed, and added to a store as far as it lacks them. */
import { freeBytes, fromHex, toHex } from "../core/bytes.ts";
import { type ChunkId, type DigestName, ID_BYTES } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { RequestOptions } from "../stores/store.ts";
import type { CutSpan } from "./chunk_spans.ts";
import type { Workers } from "./ports.ts";
import { type FilledDestination, forWorkers, type StoreWriter, writerFor } from "./store_writer.ts";

/** More groups at a time where a store is slow: some wait for it while workers are busy with others. */
const WAITING_GROUPS = 2;

/** What is done with spans. */
interface ChunkWriterOptions {
  /** The blob, for spans without bytes, and its name in messages. */
  readonly file: string;
  readonly digest: DigestName;
  /** Gets the chunks. Default: they are only hashed. */
  readonly destination?: FilledDestination;
}

/** What became of some spans. */
interface WrittenSpans {
  /** The ids of all spans, 32 bytes each. */
  readonly ids: Uint8Array;
  /** Chunks that were added, and the bytes that they take. */
  readonly added: number;
  readonly addedBytes: number;
}

/** Has workers hash spans. To a directory they add the chunks as well; other stores get them from the main thread. */
export class ChunkWriter {
  readonly #workers: Workers;
  readonly #options: ChunkWriterOptions;
  readonly #writer: StoreWriter | undefined;

  constructor(workers: Workers, options: ChunkWriterOptions) {
    this.#workers = workers;
    this.#options = options;
    this.#writer = writerFor(options.destination);
  }

  /** Groups of spans that should be written at a time: this bounds the memory. */
  get concurrency(): number {
    return 2 * this.#workers.size + (this.#writer === undefined ? 0 : WAITING_GROUPS);
  }

  /** Spans with an `id` are compared with it: throws `mismatch`. Those with a `known` one are taken as they are. */
  async write(spans: readonly CutSpan[], options: RequestOptions): Promise<WrittenSpans> {
    if (this.#writer !== undefined) return await this.#put(spans, this.#writer, options);
    const { destination, ...task } = this.#options;
    const rest = spans.filter(({ known }) => known === undefined);
    if (rest.length === 0) return { ids: inOrder(spans, NO_IDS), added: 0, addedBytes: 0 };
    const result = await this.#workers.store({
      ...task,
      spans: rest,
      destination: forWorkers(destination, this.#workers),
    });
    return { ids: inOrder(spans, result.ids), added: result.added, addedBytes: result.addedBytes };
  }

  /** First finds out which chunks the store lacks, then has these encoded, and puts them there. */
  async #put(
    spans: readonly CutSpan[],
    writer: StoreWriter,
    options: RequestOptions,
  ): Promise<WrittenSpans> {
    const { destination, ...task } = this.#options;
    const identified = await this.#identify(spans);
    const lacking = await writer.claim(identified.map(({ id }) => id), options);
    const wanted: Identified[] = [];
    for (const one of identified) {
      const present = !lacking.delete(one.id);
      // What has to be compared is, even if the store has it.
      if (!present || one.span.id !== undefined) wanted.push({ ...one, present });
    }
    let addedBytes = 0;
    let added = 0;
    if (wanted.length > 0) {
      const { ids, encoded } = await this.#workers.store({
        ...task,
        destination: forWorkers(destination, this.#workers),
        spans: wanted.map(({ span: { offset, size, id }, bytes, present }) => {
          return { offset, size, bytes, id, present };
        }),
      });
      wanted.forEach(({ id }, i) => this.#checkSame(id, idAt(ids, i)));
      added = encoded.length;
      addedBytes = encoded.reduce((sum, { stored }) => sum + stored.bytes.length, 0);
      await writer.put(encoded, options, ({ stored }) => freeBytes(stored.bytes));
    }
    const ids = new Uint8Array(spans.length * ID_BYTES);
    identified.forEach(({ raw }, i) => ids.set(raw, i * ID_BYTES));
    return { ids, added, addedBytes };
  }

  /** The spans with their ids: workers hash those that have none. */
  async #identify(spans: readonly CutSpan[]): Promise<Identified[]> {
    const { destination: _, ...task } = this.#options;
    const unknown = spans.filter(({ known, id }) => known === undefined && id === undefined);
    const hashed = unknown.length === 0
      ? undefined
      : await this.#workers.store({ ...task, spans: unknown, giveBack: true });
    let next = 0;
    return spans.map((span) => {
      const { known, id } = span;
      if (id !== undefined) return { span, id, raw: fromHex(id), bytes: span.bytes };
      if (known !== undefined) return { span, id: toHex(known), raw: known, bytes: span.bytes };
      const raw = hashed!.ids.subarray(next * ID_BYTES, (next + 1) * ID_BYTES);
      return { span, id: toHex(raw), raw, bytes: hashed!.bytes[next++] };
    });
  }

  #checkSame(before: ChunkId, now: ChunkId): void {
    if (before === now) return;
    throw new DesyncError("io", {
      action: "use",
      subject: this.#options.file,
      reason: "it changed while it was read",
    });
  }
}

/** A span, its id, and its bytes where it came with them. */
interface Identified {
  readonly span: CutSpan;
  readonly id: ChunkId;
  readonly raw: Uint8Array;
  readonly bytes: Uint8Array | undefined;
  readonly present?: boolean;
}

const NO_IDS = new Uint8Array(0);

function idAt(ids: Uint8Array, i: number): ChunkId {
  return toHex(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
}

/** The ids of all spans: those that are known, and `found` for the others. */
function inOrder(spans: readonly CutSpan[], found: Uint8Array): Uint8Array {
  const ids = new Uint8Array(spans.length * ID_BYTES);
  let next = 0;
  for (const [i, { known }] of spans.entries()) {
    ids.set(known ?? found.subarray(next, next += ID_BYTES), i * ID_BYTES);
  }
  return ids;
}

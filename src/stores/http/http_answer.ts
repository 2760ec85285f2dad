/** What fetch returns, as far as it is used: so that a program may bring less. */

/** The part of a stream's reader that is used. */
export interface AnswerBodyReader {
  /** The next piece; without a value at the end. */
  read(): Promise<{ readonly value?: Uint8Array<ArrayBuffer> }>;
  /** No more will be read. */
  cancel(): Promise<void>;
  /** It will not be read by this reader. */
  releaseLock(): void;
}

/** The part of a `ReadableStream` that is used. */
export interface AnswerBody {
  /** Reads it piece by piece: there is one. */
  getReader(): AnswerBodyReader;
  /** It will not be read. */
  cancel(): Promise<void>;
}

/** The part of a `Response` that is used. */
export interface HttpAnswer {
  /** HTTP's status code. */
  readonly status: number;
  /** What stands behind it. */
  readonly statusText: string;
  /** Whether the status is one of success. */
  readonly ok: boolean;
  /** `basic` when all headers are visible. */
  readonly type: string;
  /** Values by name, in whatever case; several of one name are joined by commas. */
  readonly headers: { get(name: string): string | null };
  /** The bytes, decompressed where fetch does that; `null` when there are none. */
  readonly body: AnswerBody | null;
  /** Whether the body is being read, or was. */
  readonly bodyUsed: boolean;
  /** All of the body at once. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

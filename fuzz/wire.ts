/** What the fuzzer and the process that runs the decoders say to each other. */

/** Several inputs, one after the other. */
export function packInputs(inputs: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(inputs.reduce((sum, input) => sum + 4 + input.length, 8));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 8, true);
  view.setUint32(4, inputs.length, true);
  let at = 8;
  for (const input of inputs) {
    view.setUint32(at, input.length, true);
    bytes.set(input, at + 4);
    at += 4 + input.length;
  }
  return bytes;
}

/** Bytes in front of packed inputs: how many follow, and how many inputs they are. */
export const PACK_HEADER = 8;

/** The same backwards, without the header. */
export function unpackInputs(bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const inputs: Uint8Array[] = [];
  for (let at = 0; inputs.length < count;) {
    const length = view.getUint32(at, true);
    // Copies: what is behind an input must not be seen by whoever looks at its buffer.
    inputs.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return inputs;
}

/** An input that has shown what must not be. */
export interface Failure {
  /** Its place among the inputs. */
  readonly input: number;
  /** Failures of the same kind have the same. */
  readonly shape: string;
  /** What is wrong. */
  readonly what: string;
}

/** An input that went as none before it. */
export interface NewShape {
  /** Its place among the inputs. */
  readonly input: number;
  readonly shape: string;
}

/** What became of several inputs: a line of JSON. */
export interface Report {
  /** Places of inputs that ran what none before has run, where that is counted. */
  readonly news: readonly number[];
  /** Without those that are among {@linkcode news}. */
  readonly shapes: readonly NewShape[];
  readonly failures: readonly Failure[];
  /** Longest time for one input, in milliseconds. */
  readonly slowest: number;
}

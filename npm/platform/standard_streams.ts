/** Standard input, output and error as Deno has them. */
import { fstatSync, writeSync as write } from "node:fs";
import { Socket } from "node:net";
import { isatty, WriteStream } from "node:tty";
import { errorCode } from "../../src/deno/system/error_code.ts";

const PAUSE_MS = 5;

let input: AsyncIterator<Uint8Array<ArrayBuffer>> | undefined;
/** What came and was not taken. */
let rest = new Uint8Array(0);

/** Standard input. */
export const stdin = {
  async read(bytes: Uint8Array): Promise<number | null> {
    // By node's stream: a call that waits in the system would keep node from ending.
    input ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array<ArrayBuffer>>;
    if (rest.length === 0) {
      const { done, value } = await input.next();
      if (done) return null;
      rest = value;
    }
    const taken = rest.subarray(0, bytes.length);
    bytes.set(taken);
    rest = rest.subarray(taken.length);
    return taken.length;
  },

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        const bytes = new Uint8Array(64 * 1024);
        const count = await stdin.read(bytes);
        if (count === null) controller.close();
        else controller.enqueue(bytes.subarray(0, count));
      },
    }, { highWaterMark: 0 });
  },
};

/** Standard output. */
export const stdout = output(1);
/** Standard error. */
export const stderr = output(2);

function output(fd: 1 | 2) {
  let pipe: Socket | undefined;
  return {
    writeSync(bytes: Uint8Array): number {
      while (true) {
        try {
          return write(fd, bytes);
        } catch (error) {
          if (errorCode(error) !== "EAGAIN") throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
        }
      }
    },

    /** Into a pipe without keeping this thread waiting for its reader. */
    async write(bytes: Uint8Array): Promise<number> {
      if (!isPipe(fd)) return write(fd, bytes);
      pipe ??= new Socket({ fd, readable: false, writable: true }).on("error", () => {});
      const open = pipe;
      await new Promise<void>((resolve, reject) =>
        open.write(bytes, (error) => error ? reject(error) : resolve())
      );
      return bytes.length;
    },

    isTerminal: () => isatty(fd),
  };
}

function isPipe(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket();
}

/** Throws where there is no terminal. */
export function consoleSize(): { columns: number; rows: number } {
  const fd = [1, 2].find((fd) => isatty(fd));
  if (fd === undefined) throw new Error("there is no terminal");
  const terminal = new WriteStream(fd);
  return { columns: terminal.columns, rows: terminal.rows };
}

/** The log of a server on standard output, whose reader may be slow or stop reading: that must not stop the server. */
import type { LogOutput } from "../../deno/server/access_log.ts";
import { DesyncError } from "../../core/errors.ts";
import { OutputClosed, printBytes } from "../output/output.ts";

/** Bytes that may wait for the reader. */
const MAX_WAITING = 1024 * 1024;
/** How long the reader may take for the last of them, in milliseconds. */
const END_MS = 2000;

/** Writes while other work goes on. Throws in `write` once too much waits for the reader, or the last write failed. */
export function logToStandardOutput(): LogOutput {
  const stop = new AbortController();
  let waiting = 0;
  let written: Promise<void> = Promise.resolve();
  let failure: unknown;
  return {
    write: (text) => {
      const bytes = new TextEncoder().encode(text);
      if (failure !== undefined) throw takeFailure();
      if (waiting + bytes.length > MAX_WAITING) throw notWritten("its reader does not read");
      waiting += bytes.length;
      written = written.then(() => printBytes(bytes, stop.signal)).catch((error: unknown) => {
        failure = error instanceof OutputClosed ? notWritten("its reader has closed it") : error;
      }).finally(() => waiting -= bytes.length);
    },
    reopen: () => {},
    [Symbol.asyncDispose]: async () => {
      const timer = setTimeout(() => stop.abort(), END_MS);
      await written;
      clearTimeout(timer);
    },
  };

  function takeFailure(): unknown {
    const taken = failure;
    failure = undefined;
    return taken;
  }
}

function notWritten(reason: string): DesyncError {
  return new DesyncError("io", { action: "write", subject: "the log", reason });
}

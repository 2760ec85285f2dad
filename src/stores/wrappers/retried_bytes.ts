/** A file that is asked for again when that may help. */
import type { ByteSource, RandomAccess } from "../byte_source.ts";
import { retrying, type RetryOptions } from "./retry.ts";

/** Retries each read, and what comes in order until it begins: what breaks off later is not begun again. */
export function retriedBytes(source: ByteSource, retry: RetryOptions): ByteSource {
  return {
    stream: (options) => retriedPieces(() => source.stream(options), retry, options?.signal),
    async access(options) {
      const access = await retrying(retry, options?.signal, () => source.access(options));
      return access === null ? null : retriedAccess(access, retry);
    },
  };
}

function retriedAccess(
  access: RandomAccess & Partial<Disposable>,
  retry: RetryOptions,
): RandomAccess & Disposable {
  return {
    size: access.size,
    read: (offset, length, options) =>
      retrying(retry, options?.signal, () => access.read(offset, length, options)),
    pieces: (start, end, options) =>
      retriedPieces(() => access.pieces(start, end, options), retry, options?.signal),
    [Symbol.dispose]: () => access[Symbol.dispose]?.(),
  };
}

async function* retriedPieces(
  begin: () => AsyncIterable<Uint8Array>,
  retry: RetryOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { pieces, first } = await retrying(retry, signal, async () => {
    const pieces = begin()[Symbol.asyncIterator]();
    return { pieces, first: await pieces.next() };
  });
  try {
    for (let next = first; !next.done; next = await pieces.next()) yield next.value;
  } finally {
    await pieces.return?.();
  }
}

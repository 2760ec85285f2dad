/** An index that was opened, with its store. */
import {
  blobAccess,
  ChunkedBlob,
  type ChunkStore,
  DesyncError,
  HttpStore,
  type Index,
  parseIndex,
  type RandomAccess,
  retryStore,
  wrapStore,
} from "../mod.ts";
import { fileFailure } from "../src/browser/file_failure.ts";
import { messageOf } from "../src/core/errors.ts";

/** Bytes of chunks that are kept while a visitor looks around in an archive. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** What the page is about. */
export interface Opened {
  /** What it is called without the ending of an index. */
  readonly name: string;
  readonly index: Index;
  readonly isArchive: boolean;
  /** Where the store is. */
  readonly store: URL;
  /** For downloads: many chunks at a time, and none is kept by the browser. */
  readonly chunks: ChunkStore;
  /** To look around in it. */
  readonly access: RandomAccess;
}

/** The address that a visitor means, which may be relative to the page's. Throws `usage`. */
export function parseAddress(text: string): URL {
  const url = URL.canParse(text, location.href) ? new URL(text, location.href) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  const hint = "one begins with http:// or https://, or is relative to this page";
  throw new DesyncError("usage", { problem: "Invalid", subject: "address", reason: text, hint });
}

/** Reads the index of that address. Throws `store` and `invalid-index`. */
export async function fetchIndex(url: URL): Promise<Index> {
  const subject = `the index ${url.href}`;
  let bytes: ArrayBuffer;
  try {
    const response = await fetch(url, { cache: "no-cache" });
    if (!response.ok) {
      const reason = `HTTP status ${response.status} ${response.statusText}`.trim();
      throw new DesyncError("store", { action: "read", subject, reason });
    }
    bytes = await response.arrayBuffer();
  } catch (error) {
    if (error instanceof DesyncError) throw error;
    throw new DesyncError("store", { action: "read", subject, reason: messageOf(error), cause: error });
  }
  return parsed(bytes, subject);
}

/** The same for a file of this device. Throws `io` and `invalid-index`. */
export async function readIndexFile(file: File): Promise<Index> {
  const subject = `the index ${file.name}`;
  let bytes: ArrayBuffer;
  try {
    bytes = await file.arrayBuffer();
  } catch (error) {
    throw fileFailure("read", subject, error);
  }
  return parsed(bytes, subject);
}

function parsed(bytes: ArrayBuffer, subject: string): Index {
  try {
    return parseIndex(new Uint8Array(bytes));
  } catch (error) {
    throw error instanceof DesyncError ? error.withContext({ action: "read", subject }) : error;
  }
}

/** The index with a store. `fileName` is that of the index. */
export function openBlob(index: Index, fileName: string, store: URL): Opened {
  const { max: maxChunkSize } = index.sizes;
  const browsed = retryStore(
    new HttpStore(store.href, { batches: true, maxChunkSize }),
  );
  return {
    name: fileName.replace(/\.cai[bd]x$/, "") || fileName,
    index,
    isArchive: fileName.endsWith(".caidx"),
    store,
    chunks: retryStore(new HttpStore(store.href, { batches: true, cache: "no-store", maxChunkSize })),
    access: blobAccess(ChunkedBlob.open(index, browsed, { keepBytes: KEPT_BYTES })),
  };
}

/** The store as one that is not asked what it has: a plan counts on all of it. */
export function unasked(store: ChunkStore): ChunkStore {
  return wrapStore(store, (send) => send(), { ...store.properties, probe: "by-get" });
}

/** The stores of a chunk server, opened. */
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { nativeCodec } from "../../deno/codec/native_codec.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { syncedStore } from "../../deno/store/synced_store.ts";
import { DesyncError } from "../../core/errors.ts";
import { answerChunks } from "../../servers/chunks/chunk_handler.ts";
import { ChunkUploads } from "../../servers/chunks/chunk_uploads.ts";
import { answerPage } from "../../servers/page_files.ts";
import type { OnProblem } from "../../servers/problems.ts";
import { type ChunkCounts, ServedChunks } from "../../servers/chunks/served_chunks.ts";
import type { Flags } from "../commands/chunk_server.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { cipherFrom } from "../configuration/encryption_key.ts";
import { Locator } from "../locator.ts";
import { openPageDirectory } from "./page_directory.ts";
import { type NamedStores, readStoreFile } from "./store_file.ts";
import type { Service } from "./service.ts";

/** What all services of a server share. */
export interface ChunkServiceContext {
  readonly counts: ChunkCounts;
  readonly onProblem: OnProblem;
  readonly signal: AbortSignal;
}

/** Opens the stores that the options, or the store file as it is now, name. Throws what opening them throws, and `usage`. */
export async function openChunkService(
  flags: Flags,
  { counts, onProblem, signal }: ChunkServiceContext,
): Promise<Service> {
  const cipher = servedCipher(flags);
  const { stores, cache } = await namedStores(flags, signal);
  if (flags.writable && (stores.length > 1 || cache !== undefined)) {
    throw new DesyncError("usage", {
      problem: "Invalid",
      subject: "option -w, --writable",
      reason: "uploads need exactly one store, and no cache",
    });
  }
  await using open = new AsyncDisposableStack();
  const locator = open.use(new Locator({ ...flags, stores, cache, cacheRepair: true }));
  const form = flags.uncompressed ? "plain" : undefined;
  const target = flags.writable ? await locator.storeToFill(stores[0]) : undefined;
  const filled = target && (flags.noSync ? target : syncedStore(target));
  open.defer(() => filled?.[Symbol.asyncDispose]());
  const sources = target === undefined ? await locator.sourcesToServe() : { stores: [target] };
  // Started when it is needed, for large uploads.
  const worker = open.use(new WorkerPool(1, 0));
  const chunks = new ServedChunks(sources, {
    codec: nativeCodec,
    cipher,
    verifyReads: !flags.skipVerifyRead,
    memoryBytes: flags.memory,
    counts,
    onProblem,
  });
  // desync reads no uncompressed chunks from directories, unless its configuration says so, and casync none at all.
  const uploads = filled && new ChunkUploads(filled, {
    codec: nativeCodec,
    cipher,
    form: filled.properties.form ?? "compressed",
    openElsewhere: (chunk) => worker.open(chunk),
  });
  open.defer(async () => void await Promise.all([chunks.idle(), uploads?.idle()]));
  const page = flags.page === undefined ? undefined : await openPageDirectory(flags.page);
  const handler = answerChunks(chunks, { form, uploads, onProblem });
  const kept = open.move();
  const names = [...stores, ...cache === undefined ? [] : [cache]].map(redactLocation);
  return {
    handler: page === undefined ? handler : answerPage(handler, page, onProblem),
    name: names.join(", "),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What encrypts the chunks on their way to clients and from them, if the options ask for that. */
function servedCipher({ encryption, encryptionKey, encryptionAlgorithm }: Flags): ChunkCipher | undefined {
  if (!encryption && encryptionKey === undefined && encryptionAlgorithm === undefined) return undefined;
  return cipherFrom({ algorithm: encryptionAlgorithm ?? "", key: encryptionKey ?? "" }, {
    about: { action: "serve", subject: "encrypted chunks" },
    missing: "no key was given",
    algorithmFrom: "--encryption-algorithm",
    keyFrom: "--encryption-key",
    keyOption: "--encryption-key",
  });
}

async function namedStores(flags: Flags, signal: AbortSignal): Promise<NamedStores> {
  const { stores = [], cache, storeFile } = flags;
  if (storeFile === undefined) return { stores, cache };
  if (stores.length > 0 || cache !== undefined) {
    throw new DesyncError("usage", {
      problem: "Invalid",
      subject: "option --store-file",
      reason: `it cannot be given together with ${stores.length > 0 ? "--store" : "--cache"}`,
      hint: "use one of them",
    });
  }
  const named = await readStoreFile(storeFile, signal);
  if (named.stores.length === 0) {
    throw new DesyncError("usage", {
      action: "use",
      subject: `the store file ${storeFile}`,
      reason: "it names no stores",
    });
  }
  return named;
}

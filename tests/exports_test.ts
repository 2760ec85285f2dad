/** The public names of the library. A name that goes, or is renamed, breaks its users: that is decided here. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { repository, run } from "./support/process.ts";

const names: Readonly<Record<string, readonly string[]>> = {
  "mod.ts": [
    "Acl",
    "AclEntry",
    "ArchiveBytes",
    "ArchiveDecoder",
    "ArchiveEncoder",
    "ArchiveEvent",
    "ArchiveEventHandler",
    "ArchiveNode",
    "ArchivePath",
    "ArchivePlace",
    "ArchiveToTarOptions",
    "BLOB_FLAGS",
    "BlobOptions",
    "BulkReader",
    "ChunkId",
    "ChunkReader",
    "ChunkSizes",
    "ChunkStore",
    "ChunkedBlob",
    "ChunkerStream",
    "Codec",
    "CompressingCodec",
    "Compression",
    "Connection",
    "DEFAULT_CHUNK_SIZES",
    "DEFAULT_FEATURES",
    "DEFAULT_LIMITS",
    "DEFAULT_RETRY",
    "DefaultAcl",
    "DesyncError",
    "DigestName",
    "ErrorCode",
    "ErrorFields",
    "ExcludePatterns",
    "ExpectedChunk",
    "ExtractStreamOptions",
    "FEATURES",
    "FEATURE_WORDS",
    "FLAG_SHA512_256",
    "FeatureName",
    "Fetch",
    "FoundPart",
    "Hasher",
    "HttpOptions",
    "HttpStore",
    "HttpStoreOptions",
    "Index",
    "IndexBuilder",
    "IndexHeader",
    "IndexInfo",
    "IndexInfoOptions",
    "InvalidChunk",
    "LimiterOptions",
    "ListedChunk",
    "ListedSizes",
    "Loss",
    "MakeHasher",
    "ManagedChunkStore",
    "MemoryStore",
    "Message",
    "MessageDecoder",
    "NodeKind",
    "OpenedChunk",
    "Origin",
    "PackSummary",
    "PieceStream",
    "Pieces",
    "Print",
    "Problem",
    "Progress",
    "ProtocolStore",
    "ProtocolStoreOptions",
    "PruneOptions",
    "PruneSummary",
    "PutResult",
    "RandomAccess",
    "ReadArchiveOptions",
    "ReadTreeOptions",
    "RemoveOptions",
    "RemoveStaleOptions",
    "RequestOptions",
    "RetryOptions",
    "SelectOptions",
    "ServeOptions",
    "SessionOptions",
    "SourceCount",
    "Sources",
    "StaleFiles",
    "StoreProperties",
    "StoreRequest",
    "StoredChunk",
    "StoredForm",
    "TreeSource",
    "TreeSummary",
    "UnpackResult",
    "Verdict",
    "VerifiedChunk",
    "VerifyOptions",
    "VerifyStoreOptions",
    "VerifySummary",
    "WrapRequest",
    "WritableChunkStore",
    "Xattr",
    "archiveStream",
    "archiveToTar",
    "blobAccess",
    "chunkPath",
    "compressChunk",
    "cutPoints",
    "encodeMessage",
    "excluding",
    "extract",
    "featuresOf",
    "findParts",
    "hashChunk",
    "indexInfo",
    "isChunkId",
    "listTo",
    "mtreeTo",
    "normalizeFeatures",
    "openChunk",
    "originName",
    "parseArchivePath",
    "parseChunkId",
    "parseIndex",
    "portableCodec",
    "pruneStore",
    "readArchive",
    "readParts",
    "retryStore",
    "serializeIndex",
    "serveChunks",
    "verifyStore",
    "wrapStore",
  ],
  "src/deno/mod.ts": [
    "AttributeOptions",
    "ByteRange",
    "ChopFileOptions",
    "CompareOptions",
    "CopyChunksOptions",
    "ExtractOptions",
    "ExtractToFileOptions",
    "FileAccess",
    "FirstDifferenceOptions",
    "HttpFetchOptions",
    "LocalStore",
    "Made",
    "MadeFromTree",
    "MakeFromFileOptions",
    "MakeFromStreamOptions",
    "MakeFromTreeOptions",
    "MakeOptions",
    "OpenOptions",
    "ReadTarOptions",
    "StoreOptions",
    "StoringOptions",
    "TarOptions",
    "TlsOptions",
    "UntarOptions",
    "VerifyByThreadsOptions",
    "chopFile",
    "copyChunks",
    "extractToFile",
    "firstDifference",
    "makeFromFile",
    "makeFromStream",
    "makeFromTree",
    "makeHttpFetch",
    "nativeCodec",
    "openStore",
    "openWritableStore",
    "readIndex",
    "readTarTree",
    "readTree",
    "tar",
    "untar",
    "verifyStore",
    "writeIndex",
  ],
};

/** What `deno doc --json` tells of a name. */
interface Documented {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string; readonly tags?: readonly { readonly kind: string }[] };
}

/** Each name with what it stands for. Deno changed the form after 2.6. */
async function documented(file: string): Promise<Map<string, Documented>> {
  type Flat = Documented & { name: string };
  type Nested = { symbols: { name: string; declarations: Documented[] }[] };
  const { stdout } = await run(Deno.execPath(), ["doc", "--json", join(repository, file)]);
  const { nodes }: { nodes: Flat[] | Record<string, Nested> } = JSON.parse(stdout);
  const all: [string, Documented][] = Array.isArray(nodes)
    ? nodes.filter((node) => node.kind !== "moduleDoc").map((node) => [node.name, node])
    : Object.values(nodes).flatMap(({ symbols }) =>
      symbols.map(({ name, declarations }): [string, Documented] => [name, declarations[0]])
    );
  return new Map(all);
}

for (const [file, expected] of Object.entries(names)) {
  Deno.test(`the public names of ${file}`, async () => {
    deepStrictEqual([...(await documented(file)).keys()].sort(), [...expected].sort());
  });

  Deno.test(`every name of ${file} is explained, and every class and function has an example`, async () => {
    for (const [name, { kind, jsDoc }] of await documented(file)) {
      ok((jsDoc?.doc ?? "") !== "", `${name} has no docstring`);
      if (kind !== "class" && kind !== "function") continue;
      ok(jsDoc?.tags?.some((tag) => tag.kind === "example"), `${name} has no example`);
    }
  });
}

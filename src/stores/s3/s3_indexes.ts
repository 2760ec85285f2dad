/** Indexes in a bucket. */
import { freeBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { IndexParser } from "../../formats/index/index_parser.ts";
import { takePieces } from "../http/http_body.ts";
import { asBody } from "../http/http_put.ts";
import { checkIndexName, type WritableIndexStore } from "../index_store.ts";
import { percentDecoded } from "../url.ts";
import { S3Client, type S3Options } from "./s3_client.ts";
import { parseS3Location, type S3Location } from "./s3_location.ts";

/** Reads and writes the objects below a prefix. */
export class S3IndexStore implements WritableIndexStore {
  readonly #location: S3Location;
  readonly #client: S3Client;

  /** `location` is `s3+https://host/bucket/prefix`. */
  constructor(location: string, options: S3Options = {}) {
    this.#location = parseS3Location(location);
    this.#client = new S3Client(this.#location, options);
  }

  /** What arrives is checked as it comes: what is not an index may have no end. */
  async read(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<Index> {
    checkIndexName(name, this.#redacted(name), "read the index");
    const index = await this.#client.request(
      { method: "GET", key: this.#key(name), action: "read" },
      async (response, _redacted, watch) => {
        const parser = new IndexParser();
        await takePieces(response, watch, (piece) => {
          parser.push(piece);
          freeBytes(piece);
        });
        return parser.finish();
      },
      options.signal,
    );
    if (index !== null) return index;
    throw new DesyncError("missing-file", {
      action: "read the index",
      subject: this.#redacted(name),
      reason: "no such object",
    });
  }

  /** Asks for it, which shows whether the service is there, and what it thinks of the credentials. */
  async check(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const request = { method: "HEAD", key: this.#target(name), action: "write" } as const;
    await this.#client.request(request, () => Promise.resolve(), options.signal);
  }

  /** In one request: an object is replaced when the service has all of it. */
  async write(name: string, index: Index, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const request = {
      method: "PUT",
      key: this.#target(name),
      headers: { "content-type": "application/octet-stream" },
      body: asBody(serializeIndex(index)),
      action: "write",
    } as const;
    await this.#client.request(request, () => Promise.resolve(), options.signal);
  }

  #target(name: string): string {
    checkIndexName(name, this.#redacted(name));
    return this.#key(name);
  }

  #key(name: string): string {
    return this.#location.prefix + percentDecoded(name);
  }

  #redacted(name: string): string {
    const { endpoint, bucket, prefix } = this.#location;
    return `s3+${endpoint.origin}/${bucket}/${prefix}${name}`;
  }
}

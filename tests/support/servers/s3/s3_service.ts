/** A running S3 service with one user. */
import { S3Client, type S3Options } from "../../../../src/stores/s3/s3_client.ts";
import { parseS3Location } from "../../../../src/stores/s3/s3_location.ts";

/** The service, until it is disposed of. */
export class S3Service implements AsyncDisposable {
  /** `s3+http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** Of its only user. */
  readonly options: S3Options;
  /** The same for programs. */
  readonly env: Record<string, string>;
  readonly #stop: () => Promise<void>;
  #buckets = 0;

  constructor(port: number, accessKey: string, secretKey: string, stop: () => Promise<void>) {
    this.url = `s3+http://127.0.0.1:${port}/`;
    this.options = { credentials: () => ({ accessKey, secretKey }) };
    this.env = {
      S3_ACCESS_KEY: accessKey,
      S3_SECRET_KEY: secretKey,
      S3_SESSION_TOKEN: "",
      S3_REGION: "us-east-1",
    };
    this.#stop = stop;
  }

  /** Makes a bucket. Returns its location. */
  async bucket(): Promise<string> {
    const location = `${this.url}bucket${this.#buckets++}`;
    const client = new S3Client(parseS3Location(location), this.options);
    await client.request({ method: "PUT", action: "make" }, () => Promise.resolve());
    return location;
  }

  /** Writes an object to that location. */
  async write(location: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const place = parseS3Location(location);
    const client = new S3Client(place, this.options);
    const request = { method: "PUT", key: place.prefix.slice(0, -1), body, action: "write" } as const;
    await client.request(request, () => Promise.resolve());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

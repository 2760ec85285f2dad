/** An object in a bucket, as a file. */
import { DesyncError } from "../../core/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import { HttpBytes } from "../http/http_bytes.ts";
import type { Fetch } from "../http/http_client.ts";
import { S3Client, type S3Options } from "./s3_client.ts";
import { S3Error } from "./s3_errors.ts";
import { parseS3Location } from "./s3_location.ts";

/** HTTP: there are no such bytes. */
const NO_SUCH_RANGE = 416;

/** Reads it as what is behind a web server, by requests that are signed. Throws `usage` for an invalid location. */
export function s3Bytes(location: string, options: S3Options): ByteSource {
  const parsed = parseS3Location(location);
  const { redacted, prefix } = parsed;
  const key = prefix.slice(0, -1);
  if (key === "") {
    throw new DesyncError("usage", { action: "read", subject: redacted, reason: "it names no object" });
  }
  const client = new S3Client(parsed, options);
  const fetch: Fetch = async (_url, { headers, signal }) => {
    const request = {
      method: "GET",
      key,
      headers: headers as Record<string, string>,
      action: "read",
    } as const;
    const answer = await client.open(request, signal ?? undefined).catch((error) => {
      // An empty object has no parts, which is an answer.
      if (error instanceof S3Error && error.status === NO_SUCH_RANGE) {
        return new Response(null, { status: NO_SUCH_RANGE });
      }
      throw error;
    });
    if (answer !== null) return answer;
    throw new DesyncError("missing-file", { action: "read", subject: redacted, reason: "no such object" });
  };
  return new HttpBytes({ url: client.url({ key }), redacted, headers: {} }, {
    fetch,
    idleTimeoutMs: options.idleTimeoutMs,
  });
}

/** What a location such as `s3+https://host:port/bucket/prefix?lookup=path` says. */
import { DesyncError } from "../../core/errors.ts";
import { urlWithoutSecrets } from "../redact.ts";
import { percentDecoded } from "../url.ts";

/** A place in a bucket. */
export interface S3Location {
  /** Where the service is: `https://host:port`. */
  readonly endpoint: URL;
  readonly bucket: string;
  /** Before all keys: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Whether the bucket is a part of the host's name, instead of the first part of the path. */
  readonly bucketInHost: boolean;
  /** For messages. */
  readonly redacted: string;
}

const LOOKUPS = ["auto", "dns", "path"];

/** Parses a location. Throws `usage` for an invalid one. */
export function parseS3Location(text: string): S3Location {
  const redacted = urlWithoutSecrets(text);
  const invalid = (reason: string, hint?: string) =>
    new DesyncError("usage", { action: "use", subject: redacted, reason, hint });
  const [, address] = /^s3\+(https?:\/\/.*)$/is.exec(text) ?? [];
  if (address === undefined) throw invalid("it is not an s3+http or s3+https URL");
  const url = URL.parse(address);
  if (url === null) throw invalid("it is not a URL");
  if (url.username !== "" || url.password !== "") {
    throw invalid("keys do not belong into the URL", "set S3_ACCESS_KEY and S3_SECRET_KEY");
  }
  const lookup = url.searchParams.get("lookup") ?? "auto";
  const unknown = [...url.searchParams.keys()].find((name) => name !== "lookup");
  if (unknown !== undefined) throw invalid("its query has something else than lookup=path, dns or auto");
  if (!LOOKUPS.includes(lookup)) throw invalid("lookup has to be path, dns or auto");
  const parts = percentDecoded(url.pathname).split("/");
  while (parts[0] === "") parts.shift();
  while (parts.at(-1) === "") parts.pop();
  const [bucket, ...rest] = parts;
  if (bucket === undefined) throw invalid("it has no bucket", "s3+https://HOST/BUCKET/PREFIX");
  const prefix = rest.join("/");
  return {
    endpoint: new URL(url.origin),
    bucket,
    prefix: prefix === "" ? "" : `${prefix}/`,
    bucketInHost: lookup === "dns" || (lookup === "auto" && wantsBucketInHost(url, bucket)),
    redacted,
  };
}

/** As minio's client decides it, which desync uses: only at Amazon and Google, where TLS is not in the way. */
function wantsBucketInHost({ protocol, hostname }: URL, bucket: string): boolean {
  if (protocol === "https:" && bucket.includes(".")) return false;
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(hostname) || hostname === "storage.googleapis.com";
}

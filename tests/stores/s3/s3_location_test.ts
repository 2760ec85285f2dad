import { deepStrictEqual, throws } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import { urlWithoutSecrets } from "../../../src/stores/redact.ts";
import { parseS3Location } from "../../../src/stores/s3/s3_location.ts";

const host = "s3+https://host:9000";
const parsed: [location: string, endpoint: string, bucket: string, prefix: string, inHost?: boolean][] = [
  [`${host}/bucket`, "https://host:9000", "bucket", ""],
  [`${host}/bucket/`, "https://host:9000", "bucket", ""],
  [`${host}/bucket/a/b/`, "https://host:9000", "bucket", "a/b/"],
  [`${host}/bucket/a%20b+c?lookup=path`, "https://host:9000", "bucket", "a b+c/"],
  [`${host}/bucket?lookup=dns`, "https://host:9000", "bucket", "", true],
  ["S3+HTTP://Host/bucket?lookup=auto", "http://host", "bucket", ""],
  ["s3+https://s3.amazonaws.com/bucket", "https://s3.amazonaws.com", "bucket", "", true],
  ["s3+https://s3.eu-west-1.amazonaws.com/b.c/p", "https://s3.eu-west-1.amazonaws.com", "b.c", "p/"],
  ["s3+http://s3.amazonaws.com/b.c", "http://s3.amazonaws.com", "b.c", "", true],
  ["s3+https://s3.amazonaws.com/bucket?lookup=path", "https://s3.amazonaws.com", "bucket", ""],
  ["s3+https://s3.amazonaws.com.evil.example/bucket", "https://s3.amazonaws.com.evil.example", "bucket", ""],
];
Deno.test("where a location leads, as desync takes it", () => {
  for (const [location, endpoint, bucket, prefix, inHost = false] of parsed) {
    const found = parseS3Location(location);
    deepStrictEqual(
      [found.endpoint.origin, found.bucket, found.prefix, found.bucketInHost],
      [endpoint, bucket, prefix, inHost],
      location,
    );
  }
});

Deno.test("locations that are none are refused without what is secret in them", () => {
  const bad = [
    ...["s3+https://h", "s3+https://h/", "s3+https://h//", "s3+ftp://h/b", "https://h/b", "s3+https://"],
    ...["s3+https://AKID:s3cret@h/b", "s3+https://h/b?lookup=s3cret", "s3+https://h/b?key=s3cret"],
    ...["s3+https://AKID:s3cret@", "s3+https://AKID:s3cret@[x/b", "s3+http://h:x/b"],
  ];
  for (const location of bad) {
    throws(() => parseS3Location(location), (error) => {
      return error instanceof DesyncError && error.code === "usage" && !/s3cret/.test(error.message) &&
        error.subject === urlWithoutSecrets(location);
    }, location);
  }
});

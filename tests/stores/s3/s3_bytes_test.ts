/** An object as a file: whole, in parts, and with what may go wrong on the way. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { concat } from "../../../src/core/bytes.ts";
import type { S3Options } from "../../../src/stores/s3/s3_client.ts";
import { s3Bytes } from "../../../src/stores/s3/s3_bytes.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import type { FaultyRequest } from "../../support/servers/faulty_request.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";

const content = random().bytes(100_000);
const signing: S3Options = { credentials: () => ({ accessKey: "AKID", secretKey: "s3cret" }) };

/** An object, as services give it: all of it, or a part. */
function answer({ headers }: FaultyRequest, bytes = content, etag = '"a"'): Answer {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
  if (start === undefined) return { body: bytes };
  if (Number(start) >= bytes.length) return { status: 416, body: "<Error><Code>InvalidRange</Code></Error>" };
  const body = bytes.subarray(Number(start), Number(end) + 1);
  const range = `bytes ${start}-${Number(start) + body.length - 1}/${bytes.length}`;
  return { status: 206, headers: { "content-range": range, etag }, body };
}

const failure = (status: number, code: string, more = ""): Answer => ({
  status,
  body: `<Error><Code>${code}</Code><Message>It is so.</Message>${more}</Error>`,
});

Deno.test("an object is read in order and in parts, signed, with what the service says about the region", async () => {
  const elsewhere = failure(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>");
  await using server = await startFaultyServer({}, (request) => {
    if (request.path !== "/bucket/a%20b/x.catar") return failure(404, "NoSuchKey");
    const region = /\/\d{8}\/([^/]*)\/s3/.exec(request.headers.get("authorization") ?? "")?.[1];
    return region === "eu-west-1" ? answer(request) : elsewhere;
  });
  const bytes = s3Bytes(`s3+${server.url}/bucket/a%20b/x.catar?lookup=path`, signing);
  sameBytes(concat(await Array.fromAsync(bytes.stream())), content);
  const access = (await bytes.access())!;
  strictEqual(access.size, content.length);
  sameBytes(await access.read(99_990, 10), content.subarray(99_990));
  sameBytes(await access.read(32_760, 20), content.subarray(32_760, 32_780));
  sameBytes(concat(await Array.fromAsync(access.pieces(10, 60_000))), content.subarray(10, 60_000));
  await rejects(access.read(99_991, 10), { code: "store", message: /it ends at byte 100000/ });
  deepStrictEqual(
    server.requests.map(({ headers }) => headers.get("range") ?? "all"),
    ["all", "all", "bytes=0-32767", "bytes=98304-99999", "bytes=32768-65535", "bytes=10-59999"],
  );
});

Deno.test("an object that is empty, missing, refused, changed or cut", async () => {
  const at = async (respond: (request: FaultyRequest) => Answer, options = signing) => {
    const server = await startFaultyServer({}, respond);
    const bytes = s3Bytes(`s3+${server.url}/bucket/x`, options);
    return { bytes, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  };
  await using empty = await at((request) => answer(request, new Uint8Array(0)));
  deepStrictEqual(await Array.fromAsync(empty.bytes.stream()), []);
  strictEqual(await empty.bytes.access(), null);

  const errors: [Answer, says: RegExp, options?: S3Options][] = [
    [failure(404, "NoSuchKey"), /^Cannot read s3\+http:\/\/.*\/bucket\/x: no such object$/],
    [failure(404, "NoSuchBucket"), /: the bucket does not exist \(create it/],
    [failure(403, "AccessDenied"), /: AccessDenied: It is so \(no credentials were found/, {}],
    [failure(403, "SignatureDoesNotMatch"), /: the service does not accept the secret key$/],
    [failure(503, "SlowDown"), /: the service wants fewer requests$/],
  ];
  for (const [refusal, message, options] of errors) {
    await using refused = await at(() => refusal, options);
    await rejects(Array.fromAsync(refused.bytes.stream()), { message });
    await rejects(refused.bytes.access(), { message });
  }

  let version = 0;
  await using changing = await at((request) => answer(request, content, `"${version++}"`));
  const access = (await changing.bytes.access())!;
  await rejects(access.read(90_000, 10), { code: "store", message: /it changed while it was read$/ });
  await using cut = await at(() => ({ body: content, cut: { after: 50_000, by: "reset" } }));
  await rejects(Array.fromAsync(cut.bytes.stream()), { code: "store", message: /^Cannot read s3\+http/ });
});

Deno.test("a location without an object is not a file", async () => {
  await rejects(Promise.try(() => s3Bytes("s3+https://host/bucket/", {})), {
    code: "usage",
    message: "Cannot read s3+https://host/bucket/: it names no object",
  });
});

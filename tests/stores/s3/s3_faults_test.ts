/** A service that misbehaves: a minimal server of the answers that go wrong. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import type { S3Options } from "../../../src/stores/s3/s3_client.ts";
import { S3IndexStore } from "../../../src/stores/s3/s3_indexes.ts";
import { S3Store, type S3StoreOptions } from "../../../src/stores/s3/s3_store.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { sample } from "../../servers/chunks/samples.ts";
import type { FaultyRequest } from "../../support/servers/faulty_request.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";

const { id, compressed } = sample();
const key = `store/${id.slice(0, 4)}/${id}.cacnk`;
const retry = { retries: 2, baseIntervalMs: 1 };
const keys = { accessKey: "AKID", secretKey: "s3cret", sessionToken: "t0ken" };
const signing: S3Options = { credentials: () => keys };

/** An error as services send it, with what they know. */
function failure(status: number, code: string, more = ""): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>It is so.</Message>` +
    `<StringToSign>s3cret t0ken</StringToSign>${more}</Error>`;
  return { status, body };
}

/** Answers one after the other; the last one is repeated. */
async function serve(...answers: (Answer | ((request: FaultyRequest) => Answer))[]): Promise<FaultyServer> {
  let next = 0;
  return await startFaultyServer({}, (request) => {
    const answer = answers[Math.min(next++, answers.length - 1)];
    return typeof answer === "function" ? answer(request) : answer;
  });
}

function storeAt(server: FaultyServer, options: S3StoreOptions = signing) {
  return retryStore(new S3Store(`s3+${server.url}/bucket/store`, { retry, ...options }), retry);
}

const scopes = ({ requests }: FaultyServer) =>
  requests.map(({ method, headers }) => {
    const [, region] = /\/\d{8}\/([^/]*)\/s3/.exec(headers.get("authorization") ?? "") ?? [];
    return `${method} ${region}`;
  });

Deno.test("a service that says in which region the bucket is gets it in the signature", async () => {
  const wrong = failure(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>");
  await using server = await serve(wrong, { body: "a" });
  const store = storeAt(server);
  strictEqual((await store.get(id))?.bytes.length, 1);
  await store.put(compressed);
  deepStrictEqual(scopes(server), ["GET us-east-1", "GET eu-west-1", "PUT eu-west-1"]);
  // The answer to HEAD has no body: what is wrong is asked for.
  const moved: Answer = { status: 301, headers: { "x-amz-bucket-region": "ap-south-1" } };
  await using other = await serve({ status: 400 }, moved, { body: "a" });
  strictEqual(await storeAt(other).has(id), true);
  deepStrictEqual(scopes(other), ["HEAD us-east-1", "GET us-east-1", "GET ap-south-1", "HEAD ap-south-1"]);
  // One that is not a region would be a part of a host's name.
  for (const region of ["eu-west-1", "example.com/", "eu\nwest", ""]) {
    const answer = failure(400, "AuthorizationHeaderMalformed", `<Region>${region}</Region>`);
    await using stubborn = await serve(answer);
    await rejects(storeAt(stubborn).get(id), {
      message: /does not accept the signature \(set S3_REGION to that of the bucket\)/,
    });
    strictEqual(stubborn.requests.length, region === "eu-west-1" ? 2 : 1);
  }
});

Deno.test("requests that were under way with the wrong region are all sent again with the right one", async () => {
  const wrong = { ...failure(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), delay: 100 };
  // Those of HEAD have no body, so that GET asks what is wrong.
  await using server = await startFaultyServer(
    {},
    (request) => request.headers.get("authorization")!.includes("us-east-1") ? wrong : { body: "a" },
  );
  const store = storeAt(server);
  const [got, has, again] = await Promise.all([
    store.get(id),
    store.has(id),
    store.get(id),
    store.put(compressed),
  ]);
  deepStrictEqual([got?.bytes.length, has, again?.bytes.length], [1, true, 1]);
  ok(scopes(server).filter((scope) => scope.endsWith("us-east-1")).length >= 4, "they were under way");
});

Deno.test("what is asked of a bucket that is not there is an error, also where the answer has no body", async () => {
  await using server = await serve({ status: 404 }, failure(404, "NoSuchBucket"));
  await rejects(storeAt(server).has(id), { message: /: the bucket does not exist \(create it/ });
  // Once is enough to know that there is one.
  await using other = await serve({ status: 404 }, failure(404, "NoSuchKey"), { status: 404 });
  const store = storeAt(other);
  deepStrictEqual([await store.has(id), await store.has(id)], [false, false]);
  const methods = other.requests.map(({ method }) => method);
  deepStrictEqual(methods, ["HEAD", "GET", "HEAD", "HEAD", "HEAD"]);
});

Deno.test("a session token that no header can hold is not shown", async () => {
  await using server = await serve({ body: "a" });
  const store = storeAt(server, { credentials: () => ({ ...keys, sessionToken: "t0k\nen" }) });
  await rejects(store.get(id), (error: DesyncError) => {
    ok(!/t0k/.test(error.message) && !/t0k/.test(String(error.cause)), error.message);
    return true;
  });
  strictEqual(server.requests.length, 0);
});

Deno.test("credentials that could not be had are asked for again by the next request", async () => {
  await using server = await serve({ body: "a" });
  let asked = 0;
  const credentials = () => {
    if (asked++ === 0) throw new DesyncError("usage", { reason: "not yet" });
    return keys;
  };
  const store = storeAt(server, { credentials });
  await rejects(store.get(id), { code: "usage" });
  strictEqual((await store.get(id))?.bytes.length, 1);
});

Deno.test("a clock that is wrong is corrected by the service's", async () => {
  const date = "Tue, 24 Nov 2037 12:00:00 GMT";
  const skewed: Answer = { ...failure(403, "RequestTimeTooSkewed"), headers: { date } };
  await using server = await serve(skewed, { body: "a" });
  strictEqual((await storeAt(server).get(id))?.bytes.length, 1);
  ok(server.requests[1].headers.get("x-amz-date")!.startsWith("20371124T120"));
  await using stubborn = await serve(skewed);
  await rejects(storeAt(stubborn).get(id), {
    message: /: the clock of this machine or the service's is wrong/,
  });
  strictEqual(stubborn.requests.length, 2);
});

Deno.test("keys that expired are asked for again, and are an error when they are the same", async () => {
  await using server = await serve({ body: "a" }, failure(400, "ExpiredToken"), { body: "b" });
  let turn = 0;
  const store = storeAt(server, { credentials: () => ({ ...keys, accessKey: `AKID${turn++}` }) });
  await store.get(id);
  strictEqual(new TextDecoder().decode((await store.get(id))?.bytes), "b");
  deepStrictEqual(
    server.requests.map(({ headers }) => /=(AKID\d)/.exec(headers.get("authorization")!)![1]),
    ["AKID0", "AKID0", "AKID1"],
  );
  await using other = await serve(failure(400, "ExpiredToken"));
  await rejects(storeAt(other).get(id), { message: /: the credentials have expired$/ });
  strictEqual(other.requests.length, 1);
});

Deno.test("a service that wants fewer requests, resets and errors of the service are retried", async () => {
  const passing: Answer[] = [
    { ...failure(503, "SlowDown"), headers: { "retry-after": "0" } },
    { status: 429 },
    failure(500, "InternalError"),
    failure(400, "RequestTimeout"),
    failure(400, "BadDigest"),
    { cut: { after: "request", by: "reset" } },
    { body: "abc", cut: { after: 1, by: "reset" } },
  ];
  for (const answer of passing) {
    await using server = await serve(answer, answer, { body: "a" });
    await storeAt(server).put(compressed);
    strictEqual(server.requests.length, answer.body === "abc" ? 1 : 3);
  }
  await using server = await serve(failure(503, "SlowDown"));
  await rejects(storeAt(server).get(id), { message: /: the service wants fewer requests \(tried 3 times/ });
  strictEqual(server.requests.length, 3);
});

Deno.test("what is refused is one line without secrets, and not requested again", async () => {
  const lasting: [Answer, says: string][] = [
    [failure(403, "AccessDenied"), "AccessDenied: It is so (has the key the right to do this?"],
    [failure(403, "InvalidAccessKeyId"), "the service does not know the access key"],
    [failure(403, "SignatureDoesNotMatch"), "the service does not accept the secret key"],
    [failure(404, "NoSuchBucket"), "the bucket does not exist"],
    [failure(501, "NotImplemented"), "NotImplemented: It is so"],
    [failure(507, "QuotaExceeded"), "the quota of the bucket is used up"],
    [{ status: 405, body: "<html>s3cret</html>" }, "HTTP status 405"],
    [{ status: 307, headers: { location: "http://127.0.0.1:1/" } }, "HTTP status 307"],
    [{ status: 400, body: "<Error><Code>Odd\u001b[2J" }, "HTTP status 400"],
  ];
  for (const [answer, says] of lasting) {
    await using server = await serve(answer);
    const place = `s3+${server.url}/bucket/${key}`;
    const error: unknown = await storeAt(server).put(compressed).catch((error) => error);
    ok(
      error instanceof DesyncError && error.message.startsWith(`Cannot write ${place}: ${says}`),
      `${error}`,
    );
    ok(!/s3cret|t0ken/.test(error.message), error.message);
    strictEqual(server.requests.length, 1, error.message);
  }
});

function page(keys: readonly string[], more = "", truncated = more !== ""): string {
  const objects = keys.map((key) => `<Contents><Key>${key}</Key><Size>5</Size></Contents>`).join("");
  return `<ListBucketResult><IsTruncated>${truncated}</IsTruncated>${more}${objects}</ListBucketResult>`;
}
const token = (text: string) => `<NextContinuationToken>${text}</NextContinuationToken>`;

Deno.test("a list goes on from page to page, and each page is retried", async () => {
  const pages: Record<string, string> = {
    "": page([key, "store/x", "other"], token("a b+/=&amp;")),
    "a b+/=&": page([], token("next")),
    next: page([key.replace(".cacnk", "")]),
  };
  let failures = 0;
  await using server = await startFaultyServer({}, ({ query }) => {
    const asked = new URLSearchParams(query);
    deepStrictEqual([asked.get("list-type"), asked.get("prefix")], ["2", "store/"]);
    if (failures++ % 3 === 0) return { status: 503 };
    const body = pages[asked.get("continuation-token") ?? ""];
    // Cut off, though HTTP says that it is complete.
    if (failures % 3 === 2) return { body: body.slice(0, -30) };
    return { body };
  });
  const listed = (await Array.fromAsync(storeAt(server).list())).flat();
  deepStrictEqual(listed, [
    { id, form: "compressed", storedBytes: 5 },
    { id, form: "plain", storedBytes: 5 },
  ]);
  strictEqual(server.requests.length, 9);
});

Deno.test("a list without an end, or that is none, is an error", async () => {
  const endless: [Answer, says: RegExp][] = [
    [{ body: page([key], token("again")) }, /^Cannot list s3\+http:.*\/store: the list has no end$/],
    [{ body: page([key], "", true) }, /: the service does not say how its list goes on$/],
    [{ body: "<html/>" }, /: the answer is not a list of objects$/],
    [{ body: "" }, /: invalid XML: it ends in the middle/],
    [{ body: "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>" }, /: invalid XML: /],
  ];
  for (const [answer, says] of endless) {
    await using server = await serve(answer);
    await rejects(Array.fromAsync(storeAt(server).list()), { code: "store", message: says });
  }
});

Deno.test("a list that comes back to one of its pages is an error, wherever its loop begins", async () => {
  for (const [first, length] of [[0, 2], [5, 3], [20, 1]]) {
    await using server = await startFaultyServer({}, ({ query }) => {
      const at = Number(new URLSearchParams(query).get("continuation-token") ?? 0);
      return { body: page([key], token(`${at + 1 < first + length ? at + 1 : first}`)) };
    });
    await rejects(Array.fromAsync(storeAt(server).list()), { message: /: the list has no end$/ });
    ok(server.requests.length < 80, `${server.requests.length}`);
  }
});

Deno.test("many chunks are removed with one request, one by one where there is none, and all or an error", async () => {
  const chunks = Array.from({ length: 1500 }, (_, i) => {
    return { id: i.toString(16).padStart(64, "0"), form: "plain" } as const;
  });
  await using server = await serve({ body: "<DeleteResult/>" });
  await storeAt(server).removeAll!(chunks);
  deepStrictEqual(server.requests.map(({ method, query }) => `${method} ${query}`), [
    "POST delete=",
    "POST delete=",
  ]);
  const bodies = server.requests.map(({ body }) => new TextDecoder().decode(body));
  deepStrictEqual(bodies.map((body) => body.split("<Key>").length - 1), [1000, 500]);
  ok(bodies[1].includes(`<Key>store/0000/${chunks[1499].id}</Key>`));

  await using without = await serve(failure(501, "NotImplemented"), { status: 204 });
  await storeAt(without).removeAll!(chunks.slice(0, 2));
  deepStrictEqual(without.requests.map(({ method }) => method), ["POST", "DELETE", "DELETE"]);

  const refused = "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>";
  await using partly = await serve({ body: refused });
  await rejects(storeAt(partly).removeAll!(chunks), { code: "store", message: /k: AccessDenied$/ });
  for (const body of ["<html/>", "<DeleteResult>"]) {
    await using odd = await serve({ body });
    await rejects(storeAt(odd).removeAll!(chunks), {
      message: /is not a list of what was removed \(tried 3/,
    });
  }
  await using gone = await serve(failure(404, "NoSuchBucket"));
  await rejects(storeAt(gone).removeAll!(chunks), { message: /the bucket does not exist \(create it/ });
});

Deno.test("an index that is not there, or cannot be written", async () => {
  await using server = await serve(failure(404, "NoSuchKey"));
  const store = new S3IndexStore(`s3+${server.url}/bucket/p`, signing);
  await rejects(store.read("x%20y.caibx"), {
    code: "missing-file",
    message: /\/bucket\/p\/x%20y\.caibx: no such object$/,
  });
  strictEqual(server.requests[0].path, "/bucket/p/x%20y.caibx");
  await store.check("x.caibx");
  await rejects(store.read(""), { code: "usage", message: /has no name of an index$/ });
  await rejects(store.check(""), { code: "usage", message: /has no name of an index$/ });
});

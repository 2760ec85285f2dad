/** What an S3 service says is wrong, in words that help. */
import type { HttpAnswer } from "../http/http_answer.ts";
import { childOf, parseXml, textOf, type XmlElement } from "../../formats/xml.ts";
import { DesyncError, type ErrorFields } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { isPassing, wantedPause } from "../http/http_errors.ts";
import { type HttpTarget, withoutSecretsOf } from "../http/http_secrets.ts";

/** An answer that is an error. */
export class S3Error extends DesyncError {
  /** HTTP's status code. */
  readonly status: number;
  /** The service's own word, such as `NoSuchBucket`; empty when it sent none, as for HEAD. */
  readonly serviceCode: string;
  /** The region that the bucket is in, where the service says that it is another one. */
  readonly region: string | undefined;
  /** When it was answered, by the service's clock, in milliseconds. */
  readonly serverTime: number;

  constructor(fields: ErrorFields, response: HttpAnswer, answer: ServiceAnswer) {
    super("store", fields);
    this.status = response.status;
    this.serviceCode = answer.code;
    const region = response.headers.get("x-amz-bucket-region") ?? answer.region;
    this.region = region !== undefined && REGION.test(region) ? region : undefined;
    this.serverTime = Date.parse(response.headers.get("date") ?? "");
  }
}

/** A region becomes a part of a host's name: anything else is not believed. */
const REGION = /^[a-z0-9-]{1,64}$/i;

/** What the body of an error says. */
interface ServiceAnswer {
  readonly code: string;
  readonly message: string;
  readonly region?: string;
}

/** Codes that stand for something else than the user might think, or have a way out. */
const KNOWN: ReadonlyMap<string, readonly [reason: string, hint?: string]> = new Map([
  ["NoSuchBucket", [
    "the bucket does not exist",
    "create it, or check the URL: s3+https://host/bucket/prefix",
  ]],
  ["InvalidAccessKeyId", ["the service does not know the access key"]],
  ["SignatureDoesNotMatch", ["the service does not accept the secret key"]],
  ["ExpiredToken", ["the credentials have expired"]],
  ["TokenRefreshRequired", ["the credentials have expired"]],
  ["InvalidToken", ["the service does not accept the session token"]],
  ["RequestTimeTooSkewed", ["the clock of this machine or the service's is wrong"]],
  ["AuthorizationHeaderMalformed", [
    "the service does not accept the signature",
    "set S3_REGION to that of the bucket",
  ]],
  ["PermanentRedirect", ["the bucket is elsewhere", "is it the endpoint of its region?"]],
  ["TemporaryRedirect", ["the bucket is elsewhere", "is it the endpoint of its region?"]],
  ["InvalidBucketName", ["invalid name of a bucket"]],
  ["SlowDown", ["the service wants fewer requests"]],
  ["QuotaExceeded", ["the quota of the bucket is used up"]],
]);

/** Errors of the client that may pass: something went wrong on the way. */
const PASSING = ["RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch", "OperationAborted", "SlowDown"];

/** The error for an answer with that body. `signed` is whether the request had credentials. */
export function s3Error(response: HttpAnswer, body: string, target: HttpTarget, signed: boolean): S3Error {
  const answer = answerOf(body);
  const { status } = response;
  const [reason, hint] = KNOWN.get(answer.code) ?? described(response, answer, signed);
  const fields = {
    action: target.action,
    subject: target.redacted,
    reason: withoutSecretsOf(target, reason),
    hint,
    retriable: isPassing(status) || PASSING.includes(answer.code),
    retryAfterMs: wantedPause(response),
  };
  return new S3Error(fields, response, answer);
}

function described(
  { status, statusText }: HttpAnswer,
  { code, message }: ServiceAnswer,
  signed: boolean,
): readonly [reason: string, hint?: string] {
  const what = code === "" ? `HTTP status ${status} ${foreignText(statusText)}`.trim() : code;
  const said = sayingOf({ code: what, message });
  const isRefusal = status === 401 || status === 403 || (!signed && status >= 400 && status < 500);
  if (!isRefusal) return [said];
  return [
    said,
    signed
      ? "has the key the right to do this? Without that to list the bucket, what is not there is refused as well"
      : "no credentials were found: set S3_ACCESS_KEY and S3_SECRET_KEY",
  ];
}

function answerOf(body: string): ServiceAnswer {
  try {
    return answerIn(parseXml(body));
  } catch {
    return { code: "", message: "" };
  }
}

/** A code and a message in one. */
export function sayingOf({ code, message }: ServiceAnswer): string {
  return message === "" ? code : `${code}: ${message.replace(/\.$/, "")}`;
}

/** What an element says that has a code and a message. */
export function answerIn(element: XmlElement): ServiceAnswer {
  return {
    code: foreignText(textOf(element, "Code")),
    message: foreignText(textOf(element, "Message")),
    region: childOf(element, "Region")?.text,
  };
}

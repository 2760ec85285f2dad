/** Removes many objects with one request (DeleteObjects). */
import { DesyncError } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { childOf, parseXml, textOf, type XmlElement } from "../../formats/xml.ts";
import { readBody } from "../http/http_body.ts";
import { answerIn, S3Error, sayingOf } from "./s3_errors.ts";
import { md5 } from "./md5.ts";
import type { S3Client } from "./s3_client.ts";

/** Keys in one request: more are refused. */
export const MOST_AT_ONCE = 1000;

const LARGEST_ANSWER = 16 * 1024 * 1024;
/** What is wrong with one object for a while. */
const PASSING = ["InternalError", "SlowDown", "ServiceUnavailable"];
/** How services say that they do not have this request. */
const UNSUPPORTED = [404, 405, 501];

/**
 * Removes the objects, of which those that are not there are no error. False when the service does not have this request.
 *
 * @param redacted what the place is called in messages
 */
export async function removeObjects(
  client: S3Client,
  keys: readonly string[],
  redacted: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const objects = keys.map((key) => `<Object><Key>${escaped(key)}</Key></Object>`).join("");
  const body = new TextEncoder().encode(
    `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects}</Delete>`,
  );
  const checksum = btoa(String.fromCharCode(...md5(body)));
  const headers = { "content-md5": checksum, "content-type": "application/xml" };
  const request = { method: "POST", query: { delete: "" }, headers, body, action: "remove" } as const;
  try {
    const bytes = await client.request(
      request,
      (response, redacted, watch) => readBody(response, redacted, LARGEST_ANSWER, watch),
      signal,
    );
    const failure = failureIn(new TextDecoder().decode(bytes!), redacted);
    if (failure !== undefined) throw failure;
    return true;
  } catch (error) {
    const isUnsupported = error instanceof S3Error && UNSUPPORTED.includes(error.status) &&
      error.serviceCode !== "NoSuchBucket";
    if (!isUnsupported) throw error;
    return false;
  }
}

/** The error for the first object that was not removed, or for an answer that does not say which those are. */
function failureIn(text: string, redacted: string): DesyncError | undefined {
  const result = parsed(text);
  if (result?.name !== "DeleteResult") {
    const reason = "the answer is not a list of what was removed";
    return new DesyncError("store", { action: "remove", subject: redacted, reason, retriable: true });
  }
  const failed = childOf(result, "Error");
  if (failed === undefined) return undefined;
  const answer = answerIn(failed);
  return new DesyncError("store", {
    action: "remove",
    subject: `${redacted}: ${foreignText(textOf(failed, "Key"))}`,
    reason: sayingOf(answer),
    retriable: PASSING.includes(answer.code),
  });
}

function parsed(text: string): XmlElement | undefined {
  try {
    return parseXml(text);
  } catch {
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** What a client gets of a failure: a status and one line, without names of the server's stores, paths or secrets. */
import { DesyncError, type ErrorCode, messageOf } from "../core/errors.ts";
import type { ServerResponse } from "./handler.ts";
import type { OnProblem } from "./problems.ts";

/** A status with the words for it. */
type Failure = readonly [status: number, line: string];

const FAILURES: Readonly<Partial<Record<ErrorCode, Failure>>> = {
  "invalid-chunk": [502, "the chunk is damaged in the store"],
  "wrong-digest": [502, "the chunk is damaged in the store"],
  "unsupported": [502, "the chunk is stored in a form that this server cannot convert"],
  "invalid-index": [502, "the file in the store is not an index"],
  "store": [502, "the store failed"],
  "protocol": [502, "the store failed"],
  "timeout": [504, "the store did not answer in time"],
  "interrupted": [503, "the server is stopping"],
};
const OTHER: Failure = [500, "the server failed"];
const FULL: Failure = [507, "the store is full"];

/** What operating systems report about a full disk. */
const FULL_CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** An answer of one line that no cache keeps. */
export function plainAnswer(
  status: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse {
  const all = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...headers,
  };
  return { status, headers: all, body: new TextEncoder().encode(`${line}\n`) };
}

/** A request that was not taken, with the answer to it. */
export class Refused extends Error {
  readonly answer: ServerResponse;

  constructor(answer: ServerResponse) {
    super("The request was refused");
    this.answer = answer;
  }
}

/** The answer to a request that failed with the error, which the operator gets if it is not the client's. */
export function answerTo(error: unknown, onProblem: OnProblem): ServerResponse {
  if (error instanceof Refused) return error.answer;
  const [status, line] = failureOf(reportTo(onProblem, error));
  return plainAnswer(status, line, status === 503 ? { "retry-after": "1" } : {});
}

/** Tells the operator what went wrong, and returns it. */
export function reportTo(onProblem: OnProblem, error: unknown): DesyncError {
  const problem = asProblem(error);
  // The client has left, or the server stops.
  if (problem.code !== "interrupted") onProblem(problem);
  return problem;
}

function asProblem(error: unknown): DesyncError {
  if (error instanceof DesyncError) return error;
  return new DesyncError("io", {
    action: "answer",
    subject: "a request",
    reason: messageOf(error),
    cause: error,
  });
}

function failureOf(error: DesyncError): Failure {
  return isFull(error) ? FULL : FAILURES[error.code] ?? OTHER;
}

function isFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && FULL_CODES.has(cause.code)) return true;
  }
  return false;
}

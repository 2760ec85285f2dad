import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  causesOf,
  DesyncError,
  type ErrorFields,
  errorFromWire,
  errorToWire,
  interrupted,
  messageOf,
} from "../../src/core/errors.ts";
import { DONE, FAILED, INTERRUPTED, PARTLY, statusOf, WRONG_USAGE } from "../../src/cli/exit_status.ts";

Deno.test("the message is made of the fields, in one place", () => {
  const messages: [message: string, fields: ErrorFields][] = [
    ["Cannot read x", { action: "read", subject: "x" }],
    ["Cannot read x: no such file", { action: "read", subject: "x", reason: "no such file" }],
    ["Cannot cut: no sizes (give some)", { action: "cut", reason: "no sizes", hint: "give some" }],
    ["Cannot read x (try y)", { action: "read", subject: "x", reason: "", hint: "try y" }],
    ["Missing argument <index>", { problem: "Missing", subject: "argument <index>" }],
    ["Invalid value 7 of -n: it is odd", {
      problem: "Invalid",
      subject: "value 7 of -n",
      reason: "it is odd",
    }],
    ["Chunk 1 not found (searched: s)", { subject: "Chunk 1", reason: "not found", hint: "searched: s" }],
    ["it is empty", { reason: "it is empty" }],
  ];
  for (const [message, fields] of messages) {
    const error = new DesyncError("io", fields);
    strictEqual(error.message, message);
    deepStrictEqual({ ...error, ...fields, reason: fields.reason || undefined }, { ...error });
  }
});

Deno.test("foreign names cannot break the line", () => {
  const { message, subject } = new DesyncError("io", {
    action: "read",
    subject: "a\nb\x1b[2J",
    reason: "\u202eno",
  });
  deepStrictEqual([message, subject], ["Cannot read a b [2J: no", "a b [2J"]);
});

Deno.test("context, hints and other fields are added by fields, and the error before is the cause", () => {
  const about = { chunk: "a".repeat(64), store: "/srv/store" };
  const bare = new DesyncError("invalid-index", {
    reason: "not a valid index: it is empty",
    hint: "fetch it again",
    retriable: true,
    retryAfterMs: 7,
    ...about,
  });
  const read = bare.withContext({ action: "read", subject: "the index x" });
  strictEqual(read.message, "Cannot read the index x: not a valid index: it is empty (fetch it again)");
  deepStrictEqual(
    [read.code, read.cause, read.retriable, read.retryAfterMs, read.chunk, read.store],
    ["invalid-index", bare, true, 7, about.chunk, about.store],
  );
  strictEqual(read.withContext({ action: "list", subject: "y" }), read);
  const named = new DesyncError("missing-path", { subject: '"a"', reason: "not found" });
  strictEqual(named.withContext({ action: "read", subject: "x" }).message, 'Cannot read x: "a" not found');
  const invalid = new DesyncError("usage", { reason: "it is odd" }).withContext({
    problem: "Invalid",
    subject: "value 7 of -n",
  });
  strictEqual(invalid.message, "Invalid value 7 of -n: it is odd");
  strictEqual(invalid.withContext({ action: "start" }), invalid);
  const stopped = interrupted();
  strictEqual(stopped.withContext({ action: "write", subject: "x" }), stopped);

  const tired = read.withHint("tried 3 times", { retriable: false });
  strictEqual(
    tired.message,
    "Cannot read the index x: not a valid index: it is empty (fetch it again; tried 3 times)",
  );
  deepStrictEqual([tired.cause, tired.retriable, tired.store], [read, false, about.store]);
  const above = new DesyncError("store", { reason: "given up", cause: tired });
  deepStrictEqual([above.chunk, above.store], [about.chunk, about.store]);
});

/** The error as another thread gets it. */
function sent(error: unknown): DesyncError {
  return errorFromWire(structuredClone(errorToWire(error)));
}

Deno.test("an error is the same on another thread, with all its causes", () => {
  const missing = Object.assign(new TypeError("gone"), { code: "ENOENT" });
  const below = new DesyncError("io", { action: "open", subject: "x", reason: "gone", cause: missing });
  const error = new DesyncError("timeout", {
    action: "read",
    subject: "x",
    reason: "no answer",
    hint: "wait",
    cause: below,
    retriable: true,
    retryAfterMs: 5,
    chunk: "a".repeat(64),
    store: "/srv/store",
  });
  const other = sent(error);
  ok(other instanceof DesyncError && other.cause instanceof DesyncError);
  deepStrictEqual([other.message, other.stack], [error.message, error.stack]);
  deepStrictEqual({ ...other }, { ...error });
  deepStrictEqual([other.cause.message, other.cause.stack], [below.message, below.stack]);
  deepStrictEqual({ ...other.cause }, { ...below });
  const last = other.cause.cause;
  ok(last instanceof Error && "code" in last);
  deepStrictEqual([last.name, last.message, last.stack, last.code], [
    "TypeError",
    "gone",
    missing.stack,
    "ENOENT",
  ]);

  const foreign = sent(new TypeError("a fault\n of the program", { cause: "a word" }));
  deepStrictEqual([foreign.code, foreign.message, foreign.retriable], [
    "io",
    "a fault of the program",
    false,
  ]);
  strictEqual((foreign.cause as Error).message, "a word");
  strictEqual(sent("just text").message, "just text");
  strictEqual(sent(undefined).message, "undefined");
  const circle = new Error("round");
  circle.cause = circle;
  ok(sent(circle).cause instanceof Error);
});

Deno.test("the causes of an error are listed once each, also where they form a circle", () => {
  const first = new Error("first");
  const second = new Error("second", { cause: first });
  const error = new DesyncError("io", { reason: "round", cause: second });
  const messages = () => causesOf(error).map(messageOf);
  deepStrictEqual(messages(), ["round", "second", "first"]);
  first.cause = error;
  deepStrictEqual(messages(), ["round", "second", "first"]);
  deepStrictEqual(causesOf("not an error"), []);
});

Deno.test("messages have one line", () => {
  strictEqual(messageOf(new Error(" first \r\n  second\n\nthird ")), "first second third");
});

Deno.test("the exit status of every kind of end", () => {
  deepStrictEqual([DONE, FAILED, WRONG_USAGE, PARTLY, INTERRUPTED], [0, 1, 2, 3, 130]);
  strictEqual(statusOf(new DesyncError("usage", {})), 2);
  strictEqual(statusOf(new DesyncError("mismatch", {})), 3);
  strictEqual(statusOf(new DesyncError("interrupted", {})), 130);
  for (const code of ["invalid-index", "invalid-chunk", "missing-chunk", "store", "timeout", "io"] as const) {
    strictEqual(statusOf(new DesyncError(code, {})), 1);
  }
  strictEqual(statusOf(new TypeError("a fault")), 1);
});

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { DesyncError, errorFromWire, errorToWire, messageOf } from "../src/errors.ts";
import { DONE, FAILED, INTERRUPTED, PARTLY, statusOf, WRONG_USAGE } from "../src/cli/exit_status.ts";

Deno.test("an error is the same on another thread", () => {
  const about = { chunk: "a".repeat(64), store: "/srv/store" };
  const error = new DesyncError("timeout", "No answer", {
    retriable: true,
    cause: new Error("below"),
    ...about,
  });
  const other = errorFromWire(structuredClone(errorToWire(error)));
  ok(other instanceof DesyncError);
  deepStrictEqual(
    [other.name, other.code, other.message, other.retriable, other.stack],
    [error.name, "timeout", "No answer", true, error.stack],
  );
  deepStrictEqual([other.chunk, other.store], [about.chunk, about.store]);
  const above = new DesyncError("store", "Given up", { cause: other });
  deepStrictEqual([above.chunk, above.store], [about.chunk, about.store]);
  const foreign = errorFromWire(structuredClone(errorToWire(new TypeError("a fault\n of the program"))));
  deepStrictEqual([foreign.code, foreign.message, foreign.retriable], [
    "io",
    "a fault of the program",
    false,
  ]);
  strictEqual(errorFromWire(errorToWire("just text")).message, "just text");
  strictEqual(errorFromWire(errorToWire(undefined)).message, "undefined");
});

Deno.test("messages have one line", () => {
  strictEqual(messageOf(new Error(" first \r\n  second\n\nthird ")), "first second third");
});

Deno.test("the exit status of every kind of end", () => {
  deepStrictEqual([DONE, FAILED, WRONG_USAGE, PARTLY, INTERRUPTED], [0, 1, 2, 3, 130]);
  strictEqual(statusOf(new DesyncError("usage", "")), 2);
  strictEqual(statusOf(new DesyncError("mismatch", "")), 3);
  strictEqual(statusOf(new DesyncError("interrupted", "")), 130);
  for (const code of ["invalid-index", "invalid-chunk", "missing-chunk", "store", "timeout", "io"] as const) {
    strictEqual(statusOf(new DesyncError(code, "")), 1);
  }
  strictEqual(statusOf(new TypeError("a fault")), 1);
});

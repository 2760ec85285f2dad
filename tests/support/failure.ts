/** What a user must see when something went wrong. */

import { match, ok, strictEqual } from "node:assert/strict";
import type { RunResult } from "./process.ts";

/** The run ended with that status and one line on stderr, which says all of these things. */
export function assertFails(result: RunResult, status: number, ...says: (RegExp | string)[]): void {
  const shown = `status ${result.code}\n${result.stderr}${result.stdout}`;
  strictEqual(result.code, status, shown);
  const lines = result.stderr.split("\n");
  strictEqual(lines.length, 2, `one line on stderr, not:\n${shown}`);
  strictEqual(lines[1], "", shown);
  match(lines[0], /^desync: \S/);
  ok(!/\bat (async )?\S+ \(|file:\/\/|undefined|\[object/.test(lines[0]), shown);
  for (const say of says) {
    ok(typeof say === "string" ? lines[0].includes(say) : say.test(lines[0]), `no ${say} in:\n${shown}`);
  }
}

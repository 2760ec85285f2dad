import { deepStrictEqual } from "node:assert/strict";
import { formatBytes, formatSeconds } from "../../src/core/amounts.ts";

Deno.test("bytes as people read them", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 KB"],
    [1234, "1.23 KB"],
    [9994, "9.99 KB"],
    [9996, "10.0 KB"],
    [99_949, "99.9 KB"],
    [99_951, "100 KB"],
    [999_499, "999 KB"],
    [999_500, "1.00 MB"],
    [1_190_000_000, "1.19 GB"],
    [2 ** 53 - 1, "9.01 PB"],
    [5e18, "5000 PB"],
  ];
  deepStrictEqual(cases.map(([bytes]) => formatBytes(bytes)), cases.map(([, text]) => text));
});

Deno.test("seconds as people read them", () => {
  const cases: [number, string][] = [
    [-1, "0s"],
    [0.4, "0s"],
    [59.4, "59s"],
    [59.6, "1m00s"],
    [125, "2m05s"],
    [3599.6, "1h00m"],
    [11_245, "3h07m"],
  ];
  deepStrictEqual(cases.map(([seconds]) => formatSeconds(seconds)), cases.map(([, text]) => text));
});

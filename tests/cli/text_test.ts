import { deepStrictEqual, throws } from "node:assert/strict";
import { FLAGS } from "../../src/cli/flags.ts";
import { formatBytes, formatSeconds } from "../../src/cli/text.ts";

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

Deno.test("times as Go writes them", () => {
  const parse = (text: string) => FLAGS.errorRetryBaseInterval.parse(text);
  const cases: [string, number][] = [["500ms", 500], ["1.5s", 1500], ["1m30s", 90_000], ["2h", 7_200_000], [
    "0",
    0,
  ]];
  deepStrictEqual(cases.map(([text]) => parse(text)), cases.map(([, milliseconds]) => milliseconds));
  const forEver = 2 ** 31 - 1; // as long as a timer takes
  deepStrictEqual(["0", "3s", "1000h"].map((text) => FLAGS.timeout.parse(text)), [forEver, 3000, forEver]);
  for (const bad of ["", "5", "s", "1.s", "-1s", "1s 5", "1e3s", "5sec", "ms5"]) {
    throws(() => parse(bad), { code: "usage" }, bad);
  }
});

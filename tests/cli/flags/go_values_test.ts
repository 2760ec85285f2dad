/** Numbers and times as Go's flags take them. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { concurrency, errorRetryBaseInterval, timeout } from "../../../src/cli/flags/network.ts";
import { length } from "../../../src/cli/flags/blob_part.ts";
import { threads } from "../../../src/cli/flags/threads.ts";
import { runCli } from "../../support/cli.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { runAny } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";
import { share, takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const numbers: [text: string, value: number][] = [
  ["16", 16],
  ["+16", 16],
  ["0", 0],
  ["0x10", 16],
  ["0X1f", 31],
  ["0x_1_0", 16],
  ["0b11", 3],
  ["0o17", 15],
  ["017", 15],
  ["0_7", 7],
  ["1_000", 1000],
];
const noNumbers = ["", "x", "1.5", "1e2", "0x", "0b2", "08", "1__0", "1_", "_1", "0x1g", "--1", " 1", "1 "];

Deno.test("-n takes numbers of at least 1, and -1 as if it was not given", () => {
  for (const { parse } of [concurrency, threads]) {
    deepStrictEqual(["1", "0x10", "-1"].map(parse), [1, 16, undefined]);
    for (const text of ["0", "-2", "many"]) throws(() => parse(text), { code: "usage" });
  }
});

const times: [text: string, milliseconds: number][] = [
  ["500ms", 500],
  ["1.5s", 1500],
  [".5s", 500],
  ["1.s", 1000],
  ["1m30s", 90_000],
  ["2h", 7_200_000],
  ["+2s", 2000],
  ["0", 0],
  ["-0", 0],
  ["250us", 0.25],
  ["250\u00b5s", 0.25],
  ["250\u03bcs", 0.25],
  ["5000000ns", 5],
  ["-1s", 0], // no wait at all
];
const noTimes = ["", "5", "s", ".s", "1s 5", "1e3s", "5sec", "ms5", "1h1", "0x1s", "1_0s", "--1s"];

Deno.test("numbers and times as Go writes them", () => {
  const { parse } = threads;
  deepStrictEqual(
    numbers.filter(([, value]) => value > 0).map(([text, value]) => [text, parse(text) === value]),
    numbers.filter(([, value]) => value > 0).map(([text]) => [text, true]),
  );
  for (const text of [...noNumbers, "0", "-2", "0x20000000000000"]) {
    throws(() => parse(text), { code: "usage" }, text);
  }
  const wait = errorRetryBaseInterval.parse;
  deepStrictEqual(times.map(([text]) => wait(text)), times.map(([, milliseconds]) => milliseconds));
  for (const text of noTimes) throws(() => wait(text), { code: "usage" }, text);
  const forEver = 2 ** 31 - 1; // as long as a timer takes
  deepStrictEqual(["0", "3s", "1000h"].map((text) => timeout.parse(text)), [forEver, 3000, forEver]);
});

Deno.test("amounts of bytes may have units", () => {
  const { parse } = length;
  const amounts: [string, number][] = [
    ["7", 7],
    ["7b", 7],
    ["64k", 65_536],
    ["1M", 2 ** 20],
    ["2G", 2 ** 31],
    ["3t", 3 * 2 ** 40],
    ["0x1b", 27],
    ["-1", 0],
  ];
  deepStrictEqual(amounts.map(([text]) => parse(text)), amounts.map(([, value]) => value));
  for (const text of ["", "k", "1Q", "1kb", "1.5M", "-1k", "9000000000T"]) {
    throws(() => parse(text), { code: "usage" }, text);
  }
});

Deno.test("cat accepts a length with a unit, and reads to the end for a negative one", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const { length } = made.bytes;
  for (
    const [l, bytes] of [["1k", 1024], ["-1", length - 2048], ["0", length - 2048], ["0x10", 16]] as const
  ) {
    const result = await runCli(["cat", "-s", made.store, "-o", "2k", "-l", l, made.index]);
    deepStrictEqual([result.code, result.stderr, result.stdoutBytes.length], [0, "", bytes], l);
    deepStrictEqual(result.stdoutBytes, Uint8Array.from(made.bytes.subarray(2048, 2048 + bytes)), l);
  }
});

inTurn()({
  name: "desync accepts these numbers and times, and no others",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const cat = (option: string) =>
      runAny(peers.desync!, ["cat", option, "-s", made.store, "-l=1", made.index]);
    for (const [text, value] of share(numbers, 6)) {
      const { code, stdoutBytes } = await cat(`-o=${text}`);
      strictEqual(code, 0, text);
      deepStrictEqual(stdoutBytes, Uint8Array.from(made.bytes.subarray(value, value + 1)), text);
    }
    for (const [text] of share(times, 6)) strictEqual((await cat(`-b=${text}`)).code, 0, text);
    for (const text of share(noNumbers, 6)) strictEqual((await cat(`--offset=${text}`)).code, 1, text);
    for (const text of share(noTimes, 6)) {
      strictEqual((await cat(`--error-retry-base-interval=${text}`)).code, 1, text);
    }
  },
});

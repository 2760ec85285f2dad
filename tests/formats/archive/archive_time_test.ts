import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { archiveHoldsTime, decodeTime, encodeTime } from "../../../src/formats/archive/archive_time.ts";
import { FEATURES } from "../../../src/formats/archive/features.ts";
import { random } from "../../support/random.ts";

const SECOND = 1_000_000_000n;
const at = (date: string, nanoseconds = 0n) => BigInt(Date.parse(date)) * 1_000_000n + nanoseconds;
const nanoseconds = FEATURES["nsec-time"];

/** What is read of what was written. */
const again = (time: bigint, features: bigint) => decodeTime(encodeTime(time, features), features);

Deno.test("times from 1901 to 2486 survive a round trip, with the precision of the features", () => {
  const source = random();
  const times = [
    0n,
    1n,
    -1n,
    at("1901-12-13T20:45:52Z"),
    at("1960-01-01", 500_000_001n),
    at("2262-04-11", 854_775_807n),
    at("2262-04-12", 854_775_809n),
    at("2300-01-01"),
    at("2300-01-01", 123_456_789n),
    at("2446-05-10T22:38:55Z"),
    at("2486-07-02T00:00:00Z", 1n),
  ];
  for (let i = 0; i < 1000; i++) {
    times.push(-(2n ** 31n) * SECOND + BigInt(source.uint32()) * BigInt(source.uint32()));
  }
  for (
    const [name, granularity] of [["nsec", 1n], ["usec", 1000n], ["sec", SECOND], [
      "2sec",
      2n * SECOND,
    ]] as const
  ) {
    const features = FEATURES[`${name}-time`];
    for (const time of times) {
      const lost = time - again(time, features);
      ok(lost >= 0n && lost < granularity, `${name} ${time} lost ${lost}`);
      ok(archiveHoldsTime(time, features));
    }
  }
});

Deno.test("whole milliseconds of other years come back where there are nanoseconds, and what does not is known", () => {
  for (const date of ["1677-09-22", "1850-06-01T12:00:00.125Z", "2487-01-01", "2554-07-21T00:00:00.001Z"]) {
    strictEqual(again(at(date), nanoseconds), at(date), date);
    ok(archiveHoldsTime(at(date), nanoseconds), date);
    ok(!archiveHoldsTime(at(date), FEATURES["sec-time"]), date);
    ok(!archiveHoldsTime(at(date, 1n), nanoseconds), date);
  }
  for (const date of ["1677-09-20", "2554-07-22", "3000-01-01"]) {
    ok(!archiveHoldsTime(at(date), nanoseconds), date);
  }
  ok(archiveHoldsTime(at("3000-01-01"), 0n), "nothing is lost where nothing is recorded");
});

Deno.test("times are the numbers that casync and desync write", () => {
  const of = (date: string, nanoseconds = 0n) => encodeTime(at(date, nanoseconds), FEATURES["nsec-time"]);
  deepStrictEqual([of("2300-01-01"), of("1960-01-01")], [
    10413792000n * SECOND,
    2n ** 64n - 315619200n * SECOND,
  ]);
  strictEqual(encodeTime(at("1960-01-01"), FEATURES["sec-time"]), 18131124873n * SECOND);
});

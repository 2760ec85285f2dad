import { strictEqual, throws } from "node:assert/strict";
import {
  DEFAULT_FEATURES,
  EXCLUDE_NODUMP,
  FEATURE_WORDS,
  FEATURES,
  featuresOf,
  normalizeFeatures,
  timeGranularity,
} from "../../../src/formats/archive/features.ts";
import { random } from "../../support/random.ts";

Deno.test("the default features are those of casync's archives", () => {
  // As in the first ENTRY of what `casync make` writes.
  strictEqual(DEFAULT_FEATURES, 0xb000_0001_ffef_fe26n);
});

Deno.test("features are normalized to the fewest flags, and normalizing twice changes nothing", () => {
  const { acl, permissions } = FEATURES;
  strictEqual(
    normalizeFeatures(featuresOf("fuse")) & featuresOf("fuse"),
    normalizeFeatures(featuresOf("fuse")),
  );
  strictEqual(normalizeFeatures(acl), acl | FEATURES["32bit-uids"] | FEATURES["user-names"]);
  strictEqual(normalizeFeatures(acl | permissions | FEATURES["16bit-uids"]), acl | FEATURES["16bit-uids"]);
  strictEqual(
    normalizeFeatures(FEATURES["subvolume-ro"]),
    featuresOf("subvolume") | FEATURES["subvolume-ro"],
  );
  strictEqual(normalizeFeatures(FEATURES["flag-nodump"] | EXCLUDE_NODUMP), EXCLUDE_NODUMP);
  const source = random();
  for (let i = 0; i < 1000; i++) {
    const some = new Array(5).fill(0).reduce(
      (sum) => sum | featuresOf(FEATURE_WORDS[source.below(FEATURE_WORDS.length)]),
      0n,
    );
    const once = normalizeFeatures(some);
    strictEqual(normalizeFeatures(once), once);
    strictEqual(timeGranularity(once), timeGranularity(some));
  }
});

Deno.test("the error for an unknown feature lists the known ones", () => {
  throws(() => featuresOf("acls"), /Unknown feature of archives "acls" \(16bit-uids, .*all\)/);
  throws(() => featuresOf("toString"), /Unknown feature/);
});

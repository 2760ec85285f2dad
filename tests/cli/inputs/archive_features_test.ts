import { strictEqual } from "node:assert/strict";
import { archiveFeatures } from "../../../src/cli/inputs/archive_features.ts";
import type { Flags } from "../../../src/cli/commands/tar.ts";
import {
  DEFAULT_FEATURES,
  FEATURES,
  hasModes,
  hasOwners,
  hasTimes,
} from "../../../src/formats/archive/features.ts";

const flags = { excludeNodump: true, excludeFile: true, inputFormat: "disk" } as Flags;

Deno.test("tar records casync's features, on Windows without owners and modes, which nothing has there", () => {
  for (const os of ["linux", "darwin"] as const) strictEqual(archiveFeatures(flags, os), DEFAULT_FEATURES);
  for (const words of [undefined, ["unix"], ["best"], ["acl"], ["user-names", "sec-time"]]) {
    const features = archiveFeatures({ ...flags, recordWith: words }, "windows");
    strictEqual(hasOwners(features) || hasModes(features), false, `${words}`);
    strictEqual(features & (FEATURES.acl | FEATURES["user-names"]), 0n, `${words}`);
  }
  const features = archiveFeatures(flags, "windows");
  strictEqual(hasTimes(features), true);
  strictEqual(features & FEATURES["read-only"], FEATURES["read-only"], "what is read-only is known");
  // A tar has its own, wherever it is read.
  const ofTar = { ...flags, inputFormat: "tar" } as const;
  strictEqual(archiveFeatures(ofTar, "windows"), DEFAULT_FEATURES);
});

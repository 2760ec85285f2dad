import { ok, strictEqual } from "node:assert/strict";
import { TargetFile } from "../../../src/deno/output/target_file.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { amount } from "../../support/thorough.ts";

Deno.test("written in place, zeros are written where there is something else, and holes stay holes", () => {
  using dir = tempDir();
  const rng = random();
  const path = dir.path("file");
  const SIZE = 400_000;
  /** Data between zeros. */
  const mixed = (length: number) => {
    const bytes = new Uint8Array(length);
    for (let at = rng.below(9000); at < length; at += 5000 + rng.below(40_000)) {
      bytes.set(rng.bytes(Math.min(1 + rng.below(9000), length - at)), at);
    }
    return bytes;
  };
  for (let turn = 0; turn < amount(20, 200); turn++) {
    const expected = mixed(SIZE - rng.below(2) * rng.below(100_000));
    Deno.writeFileSync(path, expected);
    const file = new TargetFile(path, { sparse: false, resumed: false });
    for (let i = 0; i < 4; i++) {
      const offset = rng.below(expected.length);
      // Some go beyond the end.
      const bytes = mixed(1 + rng.below(SIZE - offset));
      file.write(bytes, offset);
      const before = expected.slice(0, Math.max(expected.length, offset));
      const after = new Uint8Array(Math.max(before.length, offset + bytes.length));
      after.set(before);
      after.set(bytes, offset);
      sameBytes(Deno.readFileSync(path), after);
      expected.set(bytes.subarray(0, expected.length - offset), offset);
      Deno.truncateSync(path, expected.length);
    }
    file.close();
    sameBytes(Deno.readFileSync(path), expected);
  }

  Deno.writeFileSync(path, new Uint8Array(0));
  Deno.truncateSync(path, 16 * 1024 * 1024);
  const { blocks } = Deno.statSync(path);
  // Not every system has holes.
  if (blocks === null || blocks > 1000) return;
  const bytes = new Uint8Array(8 * 1024 * 1024);
  bytes.set(rng.bytes(4096), 1024 * 1024);
  const file = new TargetFile(path, { sparse: false, resumed: false });
  file.write(bytes, 4096);
  file.close();
  sameBytes(Deno.readFileSync(path).subarray(4096, 4096 + bytes.length), bytes);
  const taken = Deno.statSync(path).blocks! * 512;
  ok(taken < 1024 * 1024, `${taken} bytes are taken`);
  strictEqual(Deno.statSync(path).size, 16 * 1024 * 1024);
});

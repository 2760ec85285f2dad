import { strictEqual, throws } from "node:assert/strict";
import { createBlobTarget, neededBytes, openBlobInPlace } from "../../../src/deno/output/blob_target.ts";
import { mayHavePartialFiles } from "../../../src/deno/output/partial_file.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("a file takes what is not zero, on Windows all that it has", () => {
  const data = [{ offset: 0, length: 10 }, { offset: 90, length: 5 }];
  strictEqual(neededBytes(data, 100, "linux"), 15);
  strictEqual(neededBytes(data, 100, "darwin"), 15);
  strictEqual(neededBytes(data, 100, "windows"), 100);
});

Deno.test({
  name: "a file that is written in place is one run's alone, until that ends",
  ignore: !mayHavePartialFiles,
  fn: () => {
    using dir = tempDir();
    const path = dir.write("file", "old");
    const says = { code: "io", message: /^Cannot write .*: another run is writing to it \(run this again/ };
    for (const name of [path, dir.path("link")]) {
      const first = openBlobInPlace(path, 5);
      if (name !== path) Deno.symlinkSync(path, name);
      throws(() => openBlobInPlace(name, 9), says);
      strictEqual(Deno.statSync(path).size, 5);
      first.discard();
      openBlobInPlace(name, 5).discard();
    }
  },
});

Deno.test({
  name: "room is reserved on a disk, but not in memory, which would be filled with zeros for that",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using dir = tempDir();
    for (const directory of [dir.root, "/dev/shm"]) {
      const { stdout } = new Deno.Command("stat", { args: ["-f", "-c", "%T", directory] }).outputSync();
      const kind = new TextDecoder().decode(stdout).trim();
      if (!["tmpfs", "ext2/ext3", "xfs"].includes(kind)) continue;
      const path = `${directory}/desync-test-${crypto.randomUUID()}`;
      const data = [{ offset: 0, length: 1_000_000 }];
      const target = createBlobTarget(path, 2_000_000, { data, zeros: [] }, { sync: false });
      try {
        const { size, blocks } = Deno.statSync(target.path);
        strictEqual(size, 2_000_000);
        strictEqual((blocks ?? 0) >= 1_000_000 / 512, kind !== "tmpfs", `${blocks} blocks on ${kind}`);
      } finally {
        target.discard();
      }
    }
  },
});

/** How a tar is read, whatever is in it: streams, changes, and who takes what it holds. */
import { ok, rejects, strictEqual } from "node:assert/strict";
import { readTarTree } from "../../../src/deno/tree/tar_source.ts";
import { inPieces, seen } from "../../support/data/read_tar.ts";
import { member, tarOf } from "../../support/data/tar_bytes.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("nothing is left of a stream, whatever happens, and it is read to its end", async () => {
  using dir = tempDir();
  const spoolDirectory = dir.dir("spool");
  const good = tarOf(member("a", { content: "x".repeat(100_000) }));
  const left = () => [...Deno.readDirSync(spoolDirectory)].length;
  let read = 0;
  async function* watched(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for await (const piece of inPieces(bytes, 10_000)) {
      read += piece.length;
      yield piece;
    }
  }
  const long = new Uint8Array(good.length + 50_000);
  long.set(good);
  await seen(watched(long), { spoolDirectory });
  strictEqual(read, long.length);
  strictEqual(left(), 0);
  await rejects(seen(inPieces(good.subarray(0, 50_000), 999), { spoolDirectory }), /ends after 50000 bytes/);
  await rejects(seen(dir.write("cut.tar", good.subarray(0, 50_000))), /ends after 50000 bytes/);
  await rejects(
    readTarTree(inPieces(good, 999), () => Promise.reject(new Error("mine")), { spoolDirectory }),
    /mine/,
  );
  const stop = new AbortController();
  const stopping = readTarTree(inPieces(good, 999), () => stop.abort(), {
    spoolDirectory,
    signal: stop.signal,
  });
  await rejects(stopping, { code: "interrupted" });
  strictEqual(left(), 0);
  await rejects(seen(inPieces(good, 999), { spoolDirectory: dir.path("none") }), { code: "missing-file" });
  await rejects(seen(dir.path("none.tar")), { code: "missing-file" });
});

Deno.test({
  name: "a tar that changes while it is read is an error, whatever has been given of it",
  // There, what is open is neither replaced nor removed.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const members = (
      name: string,
    ) => [member("./", { type: "5" }), member(name, { content: "x".repeat(2000) })];
    const more = member("b", { content: "y".repeat(3000) });
    const bytes = tarOf(...members("a"), more);
    const changes: [string, (file: string) => void, RegExp][] = [
      [
        "other members",
        (file) => Deno.writeFileSync(file, tarOf(...members("other"), more)),
        /changed while/,
      ],
      ["the same once more", (file) => Deno.writeFileSync(file, bytes), /changed while/],
      [
        "one that was added",
        (file) => Deno.writeFileSync(file, member("c"), { append: true }),
        /changed while/,
      ],
      ["another in its place", (file) => Deno.renameSync(dir.write("other", bytes), file), /changed while/],
      ["a shorter one", (file) => Deno.truncateSync(file, 2000), /ends at byte 2000, it was longer before/],
      ["none", (file) => Deno.removeSync(file), /no such file/],
    ];
    for (const [what, change, says] of changes) {
      const file = dir.write("t.tar", bytes);
      // A time of its own, however short the test is.
      Deno.utimeSync(file, 1_000_000, 1_000_000);
      let changed = false;
      const reading = readTarTree(file, () => {
        if (!changed) change(file);
        changed = true;
      });
      await rejects(reading, says, what);
    }
  },
});

Deno.test("the handler of the events is awaited", async () => {
  using dir = tempDir();
  let busy = 0;
  const file = dir.write("t.tar", tarOf(member("a", { content: "x".repeat(1_000_000) })));
  let events = 0;
  await readTarTree(file, async () => {
    strictEqual(busy++, 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
    busy--;
    events++;
  });
  ok(events > 4);
});

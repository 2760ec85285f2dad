import { rejects } from "node:assert/strict";
import { writeBack } from "../../../src/deno/output/write_back.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("writing back ends when it is over, and tells what the disk did not take", async () => {
  using dir = tempDir();
  const file = Deno.openSync(dir.path("file"), { write: true, create: true });
  const over = new AbortController();
  const done = writeBack(file, over.signal);
  over.abort();
  await done;

  // What fails in the middle is not kept for a later one to find: the system tells it once.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), 5000);
  const failing = writeBack(file, late.signal);
  file.close();
  await rejects(failing);
  clearTimeout(timer);
});

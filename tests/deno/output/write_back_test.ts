import { rejects } from "node:assert/strict";
import { writeBack } from "../../../src/deno/output/write_back.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("writing back ends with the job, and reports disk errors", async () => {
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

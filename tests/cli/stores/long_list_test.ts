/** A list of a bucket that is much longer than the memory. */
import { deepStrictEqual } from "node:assert/strict";
import { cliCommand } from "../../support/cli_command.ts";
import { runAny } from "../../support/process.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { s3Page } from "../../support/servers/s3/fake_bucket.ts";
import { tempDir } from "../../support/temp.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const PAGES = 60;
/** In megabytes. The program takes 11 of them; the whole list would take as much again. */
const HEAP = 16;

inTurn()("prune needs as much memory for a long list as for a short one", async () => {
  using dir = tempDir();
  const page = (number: number) => {
    const objects = Array.from({ length: 1000 }, (_, i) => {
      const id = (number * 1000 + i).toString(16).padStart(8, "0").repeat(8);
      return { key: `store/${id.slice(0, 4)}/${id}.cacnk`, size: 65536 };
    });
    return s3Page(objects, number + 1 < PAGES ? `${number + 1}` : undefined);
  };
  await using server = await startFaultyServer({}, ({ query }) => {
    return { body: page(Number(new URLSearchParams(query).get("continuation-token") ?? 0)) };
  });
  const [program, run, ...before] = cliCommand;
  const store = `s3+${server.url}/bucket/store`;
  const args = ["prune", "--dry-run", "-s", store, "--keep-chunks", dir.write("none", "")];
  const limited = [run, `--v8-flags=--max-old-space-size=${HEAP}`, ...before, ...args];
  const env = { S3_ACCESS_KEY: "AKID", S3_SECRET_KEY: "s3cret" };
  const { code, stdout } = await runAny(program, limited, { env });
  const bytes = PAGES * 1000 * 65536;
  const says = `${PAGES}000 chunks (${bytes} bytes, ${
    (bytes / 1e9).toFixed(2)
  } GB) would be removed, 0 kept\n`;
  deepStrictEqual([code, stdout], [0, says]);
  deepStrictEqual(server.requests.length, PAGES);
});

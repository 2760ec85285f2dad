import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path";
import { manyFiles } from "../support/archive_bytes.ts";
import { indexBytes } from "../support/index_bytes.ts";
import { storePath } from "../support/made.ts";
import { repository, run } from "../support/process.ts";
import { sha512256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

const CHUNKS = 400_000;
const SIZE = 64;
const FILES = 200_000;

/** A store of few chunks, an index of very many, the blob that it describes, and an archive of many small files. */
function makeLong(dir: TempDir): void {
  const chunks = [0, 1, 2].map((byte) => new Uint8Array(SIZE).fill(byte));
  const ids = chunks.map(sha512256);
  chunks.forEach((bytes, i) => dir.write(`store/${storePath(ids[i], "plain")}`, bytes));
  const sizes = { min: 1, avg: SIZE, max: SIZE + 1 };
  const index = (id: (i: number) => string) =>
    indexBytes({
      ...sizes,
      items: Array.from({ length: CHUNKS }, (_, i) => ({ end: (i + 1) * SIZE, id: id(i) })),
    });
  dir.write("many.caibx", index((i) => ids[i % 3]));
  dir.write("zeros.caibx", index(() => ids[0]));
  dir.write("blob", "");
  Deno.truncateSync(dir.path("blob"), CHUNKS * SIZE);
  dir.write("large", "");
  Deno.truncateSync(dir.path("large"), 2 ** 33);
  using archive = Deno.openSync(dir.path("many.catar"), { create: true, write: true });
  for (const piece of manyFiles(FILES)) archive.writeSync(piece);
}

/**
 * What to run, and how often it writes before it is in its longest loop; 0 for what writes nothing until its end, or is soon
 * done: that is interrupted from its beginning.
 */
const commands: [words: string, writes: number][] = [
  ["extract -s store many.caibx out --progress bar", 2],
  ["cat -s store many.caibx out --progress bar", 2],
  ["cat -s store many.caibx -", 100],
  ["cache -s store -c cache many.caibx zeros.caibx", 0],
  ["make -s made -m 1:4:16 large.caibx large --progress bar", 2],
  ["chop -s made zeros.caibx blob --progress bar", 2],
  ["chunk large", 0],
  ["verify-index zeros.caibx blob --progress bar", 2],
  ["info -s store --seed zeros.caibx many.caibx", 0],
  ["list-chunks many.caibx", 1],
  ["inspect-chunks -s store many.caibx -", 2],
  ["prune --dry-run -y -s store many.caibx zeros.caibx", 0],
  ["list many.catar", 2],
  ["mtree many.catar", 2],
  ["untar many.catar tree --progress bar", 2],
  ["untar --output-format gnu-tar many.catar -", 2],
];

Deno.test({
  name: "Ctrl-C ends every command with status 130 in the middle of its longest loop",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    makeLong(dir);
    const program = join(repository, "tests/support/interrupt_each.ts");
    const lists = commands.map(([words, writes]) => ({ words: words.split(" "), writes }));
    const { stdout } = await run(Deno.execPath(), ["run", "-A", "--deny-ffi", "--no-prompt", program], {
      stdin: JSON.stringify(lists),
      cwd: dir.root,
      timeout: 240_000,
    });
    const ends: [number, boolean, string][] = JSON.parse(stdout);
    const unheard = commands.map(([words], i) => [words, ...ends[i]]).filter(([, status]) => status !== 130);
    deepStrictEqual(unheard, []);
  },
});

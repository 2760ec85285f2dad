import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path";
import { encodeMessage } from "../../../src/formats/protocol.ts";
import { manyFiles, usualFeatures } from "../../support/data/archive_bytes.ts";
import { indexBytes } from "../../support/data/index_bytes.ts";
import { joined } from "../../support/data/joined.ts";
import { makeBlob, storePath } from "../../support/made.ts";
import { repository, run } from "../../support/process.ts";
import { sha512256 } from "../../support/sha.ts";
import { member } from "../../support/data/tar_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount } from "../../support/thorough.ts";

/** Enough for each loop to last much longer than until its second line of progress. */
const CHUNKS = amount(200_000, 400_000);
const SIZE = 64;
const FILES = amount(30_000, 200_000);
const TREE_FILES = 3_000;
const MEMBERS = amount(20_000, 30_000);
const LARGE_CHUNKS = amount(1_000, 3_000);
const REQUESTS = amount(100_000, 200_000);
const PIECE = 64 * 1024;

/**
 * A store of few chunks, an index of very many, and the blob that it describes; a store of many chunks; an archive, a tree and
 * a tar of many small files; the archive as an index; and many requests of one client.
 */
function makeLong(dir: TempDir): void {
  makeBlobs(dir);
  makeTrees(dir);
  makeRequests(dir);
}

function makeTrees(dir: TempDir): void {
  const pieces = [...manyFiles(FILES)];
  using archive = Deno.openSync(dir.path("many.catar"), { create: true, write: true });
  for (const piece of pieces) archive.writeSync(piece);
  const bytes = joined(pieces);
  const count = Math.ceil(bytes.length / PIECE);
  makeBlob(dir, Array.from({ length: count }, (_, i) => bytes.subarray(i * PIECE, (i + 1) * PIECE)), {
    name: "archived",
    form: "plain",
    index: { flags: usualFeatures },
  });
  const [files, chunks] = [dir.dir("files"), dir.dir("many-chunks/0000")];
  for (let i = 0; i < TREE_FILES; i++) {
    const file = join(files, String(i));
    Deno.writeTextFileSync(file, "");
    Deno.linkSync(file, join(chunks, i.toString(16).padStart(64, "0")));
  }
  const header = member("0000000");
  const headers = new Uint8Array(MEMBERS * header.length);
  for (let i = 0; i < MEMBERS; i++) headers.set(numbered(header, i), i * header.length);
  dir.write("many.tar", joined([headers, new Uint8Array(1024)]));
}

/** The header with another name, and the sum that goes with it. */
function numbered(header: Uint8Array<ArrayBuffer>, number: number): Uint8Array<ArrayBuffer> {
  const digits = String(number).padStart(7, "0");
  header.set(new TextEncoder().encode(digits));
  header.fill(0x20, 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return header;
}

function makeRequests(dir: TempDir): void {
  const hello = encodeMessage({ type: "hello", flags: 0x40n });
  const request = encodeMessage({
    type: "request",
    highPriority: false,
    ids: [sha512256(new Uint8Array(SIZE))],
  });
  dir.write("requests", joined([hello, ...Array.from({ length: REQUESTS }, () => request)]));
}

function makeBlobs(dir: TempDir): void {
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
  // They take few bytes, and long to be verified.
  const large = Array.from(
    { length: LARGE_CHUNKS },
    (_, i) => new Uint8Array(PIECE).fill(i, 0, 8).fill(i >> 8, 8),
  );
  makeBlob(dir, large, { name: "compressed", form: "zstd" });
  dir.write("large", "");
  Deno.truncateSync(dir.path("large"), 2 ** 33);
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
  ["delta -s store --always zeros.caibx many.caibx delta --progress bar", 0],
  ["chop -s made zeros.caibx blob --progress bar", 2],
  ["chunk large", 0],
  ["verify-index zeros.caibx blob --progress bar", 2],
  ["info -s store --seed zeros.caibx many.caibx", 0],
  ["info --plan -s store --seed zeros.caibx many.caibx", 0],
  ["extract --dry-run -k -s store zeros.caibx large", 0],
  ["list-chunks many.caibx", 0],
  ["inspect-chunks -s store many.caibx -", 2],
  ["prune --dry-run -y -s store many.caibx zeros.caibx", 0],
  ["list many.catar", 2],
  ["mtree many.catar", 2],
  ["untar many.catar tree --progress bar", 2],
  ["untar --output-format gnu-tar many.catar -", 2],
  ["untar -i -s archived archived.caibx indexed-tree --progress bar", 2],
  ["untar -i --seed files -s archived archived.caibx seeded-tree --progress bar", 2],
  ["list -i -s archived archived.caibx", 2],
  ["tar - files --progress bar", 2],
  ["tar files.catar files --progress bar", 2],
  ["tar --input-format tar --tar-add-root - many.tar --progress bar", 2],
  ["tar --input-format tar --tar-add-root tar.catar many.tar --progress bar", 2],
  ["tar -i -s packed files.caidx files --progress bar", 2],
  ["tar -i -s packed --input-format tar --tar-add-root tar.caidx many.tar --progress bar", 2],
  ["verify -s many-chunks --progress bar", 2],
  ["verify -s compressed", 0],
];

Deno.test({
  name: "Ctrl-C ends every command with status 130 in its longest loop",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    makeLong(dir);
    const program = join(repository, "tests/support/programs/interrupt_each.ts");
    const lists = [
      ...commands.map(([words, writes]) => ({ words: words.split(" "), writes })),
      { words: "pull - - - store".split(" "), writes: 100, input: "requests" },
    ];
    const { stdout } = await run(Deno.execPath(), ["run", "-A", "--deny-ffi", "--no-prompt", program], {
      stdin: JSON.stringify(lists),
      cwd: dir.root,
      timeout: 240_000,
    });
    const ends: [status: number, writesAfter: number, said: string][] = JSON.parse(stdout);
    // To be stopped is a good end for a server.
    const [status, answers] = ends.pop()!;
    deepStrictEqual([status, answers < REQUESTS / 2], [0, true]);
    const unheard = commands.map(([words], i) => [words, ...ends[i]]).filter(([, status]) => status !== 130);
    deepStrictEqual(unheard, []);
  },
});

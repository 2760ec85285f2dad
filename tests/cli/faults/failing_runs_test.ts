/**
 * Command lines that fail, in one process that goes on: each kind leaves no descriptor, child, thread or file behind, and the
 * memory does not grow with their number. `DESYNC_FAILING_RUNS=1000` has that many of each, and prints what the process had.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { Random } from "../../support/random.ts";
import type { FailingJob, FailingResult } from "../../support/programs/fail_each.ts";
import { manyFiles } from "../../support/data/archive_bytes.ts";
import { joined } from "../../support/data/joined.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { canMountPrivately } from "../../support/system/mounts.ts";
import { peers } from "../../support/peers.ts";
import { repository, run } from "../../support/process.ts";
import { member } from "../../support/data/tar_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount, share } from "../../support/thorough.ts";

const GIVEN = Deno.env.get("DESYNC_FAILING_RUNS");
const RUNS = Number(GIVEN ?? amount(2, 4));
/** What the first runs load and start stays. */
const WARM_UP = amount(2, 3);
const SPARE_THREADS = 6;
const MIB = 1024 * 1024;
/** What the memory may grow by, whatever the number of runs, and for each run. */
const [HEAP_BYTES, HEAP_BYTES_PER_RUN, RESIDENT_BYTES] = [8 * MIB, 8 * 1024, 256 * MIB];

/** The command lines, with the exit status of each. */
const kinds: [name: string, words: string, status: number][] = [
  ["a chunk is missing", "extract -s missing missing.caibx out/blob", 1],
  ["the last of many chunks is missing", "extract -s large large.caibx out/blob", 1],
  ["the server fails", "extract -e 1 -s URL/500 good.caibx out/blob", 1],
  ["the server sends something else", "extract -e 1 -s URL/garbage good.caibx out/blob", 1],
  ["the index is not there", "extract -e 1 -s good URL/404 out/blob", 1],
  ["interrupted", "extract -n 1 -s URL/interrupt/PID good.caibx out/blob", 130],
  ["ssh ends", "extract -e 1 -s ssh://nowhere/store good.caibx out/blob", 1],
  ["a chunk in the cache is damaged", "extract -s good -c damaged good.caibx out/blob", 1],
  ["cat", "cat -s damaged damaged.caibx out/blob", 1],
  ["make: an index that is a directory", "make -s out good good.blob", 2],
  ["chop: another file", "chop -s out good.caibx other", 3],
  ["cache", "cache -s missing -c /dev/null/cache missing.caibx", 1],
  ["verify", "verify -s damaged", 1],
  ["tar", "tar --input-format tar out/tar.catar cut.tar", 1],
  ["untar", "untar cut.catar out/tree/none", 1],
];

/** The same on a full disk. */
const fullDisk: typeof kinds = [
  ["no room: extract", "extract -s good good.caibx full/blob", 1],
  ["no room: cat", "cat -s good good.caibx full/blob", 1],
  ["no room: make", "make -s full/store out/index.caibx good.blob", 1],
  ["no room: cache", "cache -s good -c full/store good.caibx", 1],
  ["no room: tar -i", "tar -i -s full/store out/index.caidx good.blob", 1],
  ["no room: untar", "untar --output-format gnu-tar whole.catar full/tar", 1],
];

function makeInputs(dir: TempDir): void {
  const good = makeBlob(dir, somePieces(), { name: "good" });
  dir.write("good.blob", good.bytes);
  dir.write("other", new Random(7).bytes(good.bytes.length));
  Deno.writeTextFileSync(makeBlob(dir, somePieces(), { name: "damaged" }).chunk(1), "damaged");
  Deno.removeSync(makeBlob(dir, somePieces(), { name: "missing" }).chunk(1));
  // More than is done without threads.
  const pieces = Array.from({ length: 140 }, (_, i) => new Random(i).bytes(64 * 1024));
  const large = makeBlob(dir, pieces, { name: "large", form: "plain" });
  Deno.removeSync(large.chunk(pieces.length - 1));
  const archive = joined([...manyFiles(200)]);
  dir.write("whole.catar", archive);
  dir.write("cut.catar", archive.subarray(0, archive.length - 500));
  dir.write("cut.tar", member("a", { content: "text" }).subarray(0, 600));
  for (const name of ["out", "full"]) dir.dir(name);
}

/** Answers as its path says, or when it is over. A second signal would end the program: `interrupt` is for one request at a time. */
function startServer(over: Promise<void>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const [, what, pid] = new URL(url).pathname.split("/");
    if (what === "garbage") return new Response("no chunk");
    if (what !== "interrupt") return new Response("", { status: Number(what) });
    Deno.kill(Number(pid), "SIGINT");
    await over;
    return new Response(null);
  });
}

Deno.test({
  name: "command lines that fail leave nothing behind in a process that continues",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    makeInputs(dir);
    const over = Promise.withResolvers<void>();
    await using server = startServer(over.promise);
    const url = `http://127.0.0.1:${server.addr.port}`;
    const all = [...share(kinds, 8), ...canMountPrivately ? share(fullDisk, 2) : []];
    const job: FailingJob = {
      kinds: all.map(([name, words]) => ({ name, words: words.replace("URL", url).split(" ") })),
      warmUp: WARM_UP,
      runs: RUNS,
      watched: dir.path("out"),
      spareThreads: SPARE_THREADS,
    };
    const results = await runJob(dir, job).finally(over.resolve);
    const ends = results.map(({ name, statuses, said }) => [name, statuses, said]);
    deepStrictEqual(
      ends.map(([name, statuses]) => [name, statuses]),
      all.map(([name, , end]) => [name, [end]]),
    );
    for (const { name, before, after } of results) {
      const [heap, resident] = [after.heap - before.heap, after.resident - before.resident];
      if (GIVEN !== undefined) {
        say(
          `${name}: threads ${before.threads}, ${after.threads}; ` +
            `heap +${Math.round(heap / 1024)} KiB, resident +${Math.round(resident / 1024)} KiB`,
        );
      }
      deepStrictEqual([after.children, after.files], [before.children, before.files], name);
      if (after.descriptors.length > before.descriptors.length) {
        deepStrictEqual(after.descriptors, before.descriptors, name);
      }
      ok(after.threads <= before.threads + SPARE_THREADS, `${name}: ${after.threads} threads`);
      ok(heap <= HEAP_BYTES + HEAP_BYTES_PER_RUN * RUNS, `${name}: ${heap} bytes`);
      ok(resident <= RESIDENT_BYTES, `${name}: ${resident} bytes`);
    }
  },
});

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function runJob(dir: TempDir, job: FailingJob): Promise<FailingResult[]> {
  const program = [
    Deno.execPath(),
    ...["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
    join(repository, "tests/support/programs/fail_each.ts"),
  ];
  const mounted = [
    ...["--mount", "sh", "-euc", 'mount -t tmpfs -o size=16k none "$1"; shift; exec "$@"', "sh"],
    dir.path("full"),
  ];
  const [command, ...args] = canMountPrivately ? [peers.unshare!, ...mounted, ...program] : program;
  const { stdout } = await run(command, args, {
    stdin: JSON.stringify(job),
    cwd: dir.root,
    env: { CASYNC_SSH_PATH: "false" },
    timeout: 60_000 + 1000 * RUNS * job.kinds.length,
  });
  // What commands print goes by another way, where the C library is called.
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n") + 1));
}

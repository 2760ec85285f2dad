/** The same seeds given to both programs: the same bytes from the same places, and no request that is not needed. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { runCli } from "../support/cli.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { chunkPath } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Two versions of 3 MB, cut and stored by desync below `www`, which is served. */
async function versions(dir: TempDir) {
  const generator = random();
  const v1 = generator.bytes(3_000_000);
  const v2 = new Uint8Array(v1.length + 70_000);
  v2.set(v1.subarray(0, 1_000_000));
  v2.set(generator.bytes(70_000), 1_000_000);
  v2.set(v1.subarray(1_000_000), 1_070_000);
  v2.set(generator.bytes(10), 2_500_000);
  const store = dir.dir("www/store");
  const make = async (name: string, bytes: Uint8Array) => {
    const [blob, index] = [dir.write(name, bytes), dir.path(`${name}.caibx`)];
    await run(peers.desync!, ["make", "-s", store, index, blob]);
    return { blob, index, bytes, ids: idsOf(index) };
  };
  return { old: await make("v1", v1), new: await make("v2", v2) };
}

function idsOf(path: string): Set<string> {
  const index = parseIndex(Deno.readFileSync(path));
  return new Set(Array.from({ length: index.count }, (_, i) => index.id(i)));
}

inTurn()({
  name: "with a seed, the chunks that it lacks are requested, each once, and counted as desync does",
  ignore: !peers.desync || !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const { old, new: blob } = await versions(dir);
    await using server = await startNginx(dir.path("www"));
    const lacking = [...blob.ids].filter((id) => !old.ids.has(id));
    const wanted = lacking.map((id) => `GET /store/${chunkPath(id, ".cacnk")} 200`).sort();
    ok(wanted.length > 0 && wanted.length < 10, String(wanted.length));
    let asked = 0;
    const words = (...seed: string[]) => [
      ...["extract", "-s", `${server.url}store`, "--print-stats", ...seed],
      ...[blob.index, dir.path("out")],
    ];
    const requests = async () => {
      const all = await server.requests();
      return all.slice(asked, asked = all.length).sort();
    };
    const withIndex = ["--seed", `${old.index}:${old.blob}`];

    const theirs = JSON.parse((await run(peers.desync!, words(...withIndex))).stdout);
    deepStrictEqual(await requests(), wanted);
    Deno.removeSync(dir.path("out"));
    const ways = [withIndex, ["--seed", old.blob, "-c", dir.path("cache")], ["--seed-dir", dir.root], []];
    for (const seed of ways) {
      // The last way is that of a file which is replaced.
      if (seed.length === 0) Deno.copyFileSync(old.blob, dir.path("out"));
      const { code, stdout, stderr } = await runCli(words(...seed));
      deepStrictEqual([code, stderr], [0, ""]);
      sameBytes(Deno.readFileSync(dir.path("out")), blob.bytes);
      Deno.removeSync(dir.path("out"));
      deepStrictEqual(await requests(), wanted, seed.join(" "));
      const ours = JSON.parse(stdout);
      for (
        const key of [
          "chunks-from-seeds",
          "chunks-from-store",
          "chunks-in-place",
          "bytes-total",
          "chunks-total",
        ]
      ) {
        strictEqual(ours[key], theirs[key], key);
      }
      const fromSeeds = (of: Record<string, number>) =>
        of["bytes-copied-from-seeds"] + of["bytes-cloned-from-seeds"];
      strictEqual(fromSeeds(ours), fromSeeds(theirs));
    }
  },
});

inTurn()({
  name: "a seed whose index lies: both fail, skip it, or cut it anew",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const { old, new: blob } = await versions(dir);
    const lie = dir.write("lie", old.bytes.toReversed());
    const outcomes = async (runs: (args: string[]) => Promise<{ code: number }>) => {
      const codes: number[] = [];
      for (const option of [[], ["--skip-invalid-seeds"], ["--regenerate-invalid-seeds"]]) {
        const out = dir.path("out");
        const { code } = await runs([
          ...["extract", "-s", dir.path("www", "store"), "--seed", `${old.index}:${lie}`, ...option],
          ...[blob.index, out],
        ]);
        codes.push(code);
        if (code !== 0) continue;
        sameBytes(Deno.readFileSync(out), blob.bytes);
        Deno.removeSync(out);
      }
      return codes;
    };
    const theirs = await outcomes(async (args) =>
      await new Deno.Command(peers.desync!, { args, stdout: "null", stderr: "null" }).output()
    );
    deepStrictEqual(await outcomes(runCli), theirs);
    deepStrictEqual(theirs, [1, 0, 0]);
  },
});

/** extract: a version from the one before, in place where nothing has changed, and from a seed without an index. */
import { contenders } from "./contenders.ts";
import { ours, path, remove, run, same, systemFiles } from "./data.ts";
import { compare } from "./measure.ts";

const SIZE = 1_190_000_000;
/** Places where the second version differs. */
const CHANGES = 60;

/** Runs these comparisons. */
export async function benchSeed(): Promise<void> {
  const v1 = await systemFiles("big", SIZE);
  const v2 = path("seed-v2");
  writeSecondVersion(v1, v2);
  const store = path("seed.castr");
  const indexes = ["seed-v1", "seed-v2"].map((name) => path(`${name}.caibx`));
  for (const [i, version] of [v1, v2].entries()) {
    await run([...ours, "make", "-s", store, indexes[i], version]);
  }
  const [first, second] = indexes;

  const fromSeed = contenders({
    args: (name) => ["extract", "-s", store, "--seed", `${first}:${v1}`, second, path(name)],
    // It takes no index of the seed.
    casync: (name) => ["extract", `--store=${store}`, `--seed=${v1}`, "--seed-output=no", second, path(name)],
  });
  await compare("extract 1.19 GB from the version before", fromSeed);
  await same(v2, path("ours"));

  const again = contenders({
    args: (name) => ["extract", "-k", "-s", store, second, path(name)],
    limit: () => ["verify-index", second, store, v2],
    before: () => {},
  });
  await compare("extract -k 1.19 GB that are there", again);

  // Its index is kept in the cache, which is empty each time. To be compared with what else one would do.
  const cache = ["-c", path("seed.cache")];
  const withoutIndex = [...ours, "extract", "-s", store, ...cache, "--seed", v1, second, path("ours")];
  const made = `${
    ours.map((word) => `'${word}'`).join(" ")
  } make "$1" "$2" && exec "\${@:4}" extract -s "$3" --seed "$1:$2"`;
  await compare("extract 1.19 GB from a seed without an index", [
    {
      name: "ours",
      command: withoutIndex,
      before: () => {
        remove("ours");
        remove("seed.cache");
      },
    },
    {
      name: "2 steps",
      command: [
        "bash",
        "-c",
        `${made} '${second}' '${path("steps")}'`,
        "bash",
        path("m.caibx"),
        v1,
        store,
        ...ours,
      ],
      before: () => remove("steps"),
    },
  ]);
  await same(v2, path("ours"));
}

/** The first with bytes overwritten and put in, here and there. */
function writeSecondVersion(v1: string, v2: string): void {
  const bytes = Deno.readFileSync(v1);
  using file = Deno.openSync(v2, { create: true, truncate: true, write: true });
  const part = Math.ceil(bytes.length / CHANGES);
  for (let i = 0; i < CHANGES; i++) {
    const piece = bytes.subarray(i * part, (i + 1) * part);
    const change = new TextEncoder().encode(`a change, the ${i}th of these`.repeat(1 + 40 * i));
    if (i % 2 === 0) piece.set(change.subarray(0, piece.length), piece.length >>> 1);
    else write(file, change);
    write(file, piece);
  }
}

function write(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** tar: 30,000 files, into an archive and into a store. */
import { contenders } from "./contenders.ts";
import { path, peer, remove, run, same, systemTree } from "./data.ts";
import { compare } from "./measure.ts";

/** Runs these comparisons. */
export async function benchTar(): Promise<void> {
  const tree = await systemTree("tree", 30_000, 500_000_000);
  const archive = (name: string) => path(`${name}.catar`);
  const alone = contenders({
    args: (name) => ["tar", archive(name), tree],
    casync: (name) => ["make", archive(name), tree],
    before: (name) => remove(`${name}.catar`),
  });
  await compare("tar 500 MB in 30,000 files", alone);
  await run([peer("casync"), "make", archive("casync"), tree]);
  await same(archive("casync"), archive("ours"));
  const index = (name: string) => path(`${name}.caidx`);
  const store = (name: string) => path(`${name}.store`);
  const inChunks = contenders({
    args: (name) => ["tar", "-i", "-s", store(name), index(name), tree],
    casync: (name) => ["make", `--store=${store(name)}`, index(name), tree],
    before: (name) => {
      remove(`${name}.caidx`);
      remove(`${name}.store`);
      Deno.mkdirSync(store(name));
    },
  });
  await compare("tar 500 MB in 30,000 files, into a store", inChunks);
}

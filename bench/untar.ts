/** untar: 30,000 files, out of an archive and out of a store. */
import { contenders } from "./contenders.ts";
import { casyncArchive, path, remove, sameTree, systemTree } from "./data.ts";
import { compare } from "./measure.ts";

const target = (name: string) => path(`${name}.tree`);
const before = (name: string) => remove(`${name}.tree`);

/** Runs these comparisons. */
export async function benchUntar(): Promise<void> {
  const tree = await systemTree("tree", 30_000, 500_000_000);
  const { archive, index, store } = await casyncArchive("tree", tree);
  const alone = contenders({
    args: (name) => ["untar", archive, target(name)],
    casync: (name) => ["extract", "--seed-output=no", archive, target(name)],
    before,
  });
  await compare("untar 500 MB in 30,000 files", alone);
  await sameTree(tree, path("ours.tree"));
  const inChunks = contenders({
    args: (name) => ["untar", "-i", "-s", store, index, target(name)],
    casync: (name) => ["extract", `--store=${store}`, "--seed-output=no", index, target(name)],
    before,
  });
  await compare("untar 500 MB in 30,000 files, local store", inChunks);
  await sameTree(tree, path("ours.tree"));
}

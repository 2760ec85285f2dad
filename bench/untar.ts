/** untar: 30,000 files, out of an archive and out of a store. */
import { casyncArchive, ours, path, peer, remove, sameTree, systemTree } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

function contenders(args: readonly string[]): Contender[] {
  const contender = (name: string, program: readonly string[]): Contender => ({
    name,
    command: [...program, "untar", ...args, path(`${name}.tree`)],
    before: () => remove(`${name}.tree`),
  });
  return [contender("ours", ours), contender("desync", [peer("desync")])];
}

/** Runs these comparisons. */
export async function benchUntar(): Promise<void> {
  const tree = await systemTree("tree", 30_000, 500_000_000);
  const { archive, index, store } = await casyncArchive("tree", tree);
  await compare("untar 500 MB in 30,000 files", contenders([archive]));
  await sameTree(tree, path("ours.tree"));
  await compare("untar 500 MB in 30,000 files, local store", contenders(["-i", "-s", store, index]));
  await sameTree(tree, path("ours.tree"));
}

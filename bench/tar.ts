/** tar: 30,000 files, into an archive and into a store. */
import { ours, path, peer, remove, run, same, systemTree } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

function contenders(args: (name: string) => string[], output: (name: string) => string): Contender[] {
  const contender = (name: string, program: readonly string[]): Contender => ({
    name,
    command: [...program, "tar", ...args(name)],
    before: () => {
      remove(output(name));
      remove(`${name}.store`);
      Deno.mkdirSync(path(`${name}.store`));
    },
  });
  return [contender("ours", ours), contender("desync", [peer("desync")])];
}

/** Runs these comparisons. */
export async function benchTar(): Promise<void> {
  const tree = await systemTree("tree", 30_000, 500_000_000);
  const archive = (name: string) => `${name}.catar`;
  await compare("tar 500 MB in 30,000 files", contenders((name) => [path(archive(name)), tree], archive));
  await run([peer("casync"), "make", path("casync.catar"), tree]);
  await same(path("casync.catar"), path(archive("ours")));
  const index = (name: string) => `${name}.caidx`;
  await compare(
    "tar 500 MB in 30,000 files, into a store",
    contenders((name) => ["-i", "-s", path(`${name}.store`), path(index(name)), tree], index),
  );
}

/** What takes no time: the start alone, a small blob, and 60 MB from a web server. */
import { startNginx } from "../tests/support/servers/nginx.ts";
import { casyncStore, directory, ours, path, peer, remove, same, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

function both(args: (name: string) => string[]): Contender[] {
  return [["ours", ours] as const, ["desync", [peer("desync")]] as const].map(([name, program]) => ({
    name,
    command: [...program, ...args(name)],
    before: () => remove(name),
  }));
}

/** Runs these comparisons. */
export async function benchSmall(): Promise<void> {
  const [help, ...other] = both(() => ["--help"]);
  await compare("--version", [{ ...help, command: [...ours, "--version"] }, ...other]);
  await compare("--help", [help, ...other]);
  const tiny = await systemFiles("tiny", 2_400_000);
  const { index, store } = await casyncStore("tiny", tiny);
  await compare("extract 2.4 MB, local store", both((name) => ["extract", "-s", store, index, path(name)]));
  await same(tiny, path("ours"));

  const some = await systemFiles("some", 60_000_000);
  const someStore = await casyncStore("some", some);
  await using server = await startNginx(directory);
  const near = `${server.url}some.castr`;
  await compare(
    "extract 60 MB over HTTP, no latency",
    both((name) => ["extract", "-s", near, someStore.index, path(name)]),
  );
  await same(some, path("ours"));
}

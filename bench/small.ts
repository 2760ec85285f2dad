/** What takes no time: the start alone, a small blob, and 60 MB from a web server. */
import { startNginx } from "../tests/support/servers/nginx.ts";
import { contenders } from "./contenders.ts";
import { extractions } from "./extract.ts";
import { casyncStore, directory, ours, path, same, systemFiles } from "./data.ts";
import { compare } from "./measure.ts";

/** Runs these comparisons. */
export async function benchSmall(): Promise<void> {
  const [help, ...other] = contenders({ args: () => ["--help"], casync: () => ["--help"] });
  // desync has no --version.
  await compare("--version", [{ ...help, command: [...ours, "--version"] }, ...other]);
  await compare("--help", [help, ...other]);
  const tiny = await systemFiles("tiny", 2_400_000);
  const { index, store } = await casyncStore("tiny", tiny);
  await compare("extract 2.4 MB, local store", extractions(index, store));
  await same(tiny, path("ours"));

  const some = await systemFiles("some", 60_000_000);
  const someStore = await casyncStore("some", some);
  await using server = await startNginx(directory);
  const near = `${server.url}some.castr`;
  await compare("extract 60 MB over HTTP, no latency", extractions(someStore.index, near));
  await same(some, path("ours"));
}

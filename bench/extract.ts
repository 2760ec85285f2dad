/** extract: from a local store, from a web server, and from one that is 50 ms away. */
import { startDelayProxy } from "../tests/support/servers/delay_proxy.ts";
import { startNginx } from "../tests/support/servers/nginx.ts";
import { casyncStore, directory, ours, path, peer, remove, same, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const ONE_WAY_MS = 25;

function contenders(index: string, store: string): Contender[] {
  const contender = (name: string, program: readonly string[]): Contender => ({
    name,
    command: [...program, "extract", "-s", store, index, path(name)],
    before: () => remove(name),
  });
  return [contender("ours", ours), contender("desync", [peer("desync")])];
}

/** Runs these comparisons. */
export async function benchExtract(): Promise<void> {
  const big = await systemFiles("big", 1_190_000_000);
  const small = await systemFiles("small", 200_000_000);
  const bigStore = await casyncStore("big", big);
  const smallStore = await casyncStore("small", small);
  await compare("extract 1.19 GB, local store", contenders(bigStore.index, bigStore.store));
  await same(big, path("ours"));
  const cat = (name: string, program: readonly string[]): Contender => ({
    name,
    command: [...program, "cat", "-s", bigStore.store, bigStore.index],
  });
  await compare("cat 1.19 GB, local store", [cat("ours", ours), cat("desync", [peer("desync")])]);

  await using server = await startNginx(directory);
  const near = `${server.url}small.castr`;
  await compare("extract 200 MB over HTTP, no latency", contenders(smallStore.index, near));
  await same(small, path("ours"));
  await compare(
    "extract 1.19 GB over HTTP, no latency",
    contenders(bigStore.index, `${server.url}big.castr`),
  );
  await same(big, path("ours"));

  await using proxy = await startDelayProxy(server.port, ONE_WAY_MS);
  const far = `http://127.0.0.1:${proxy.port}/small.castr`;
  await compare("extract 200 MB over HTTP, 50 ms round trip", contenders(smallStore.index, far));
  await same(small, path("ours"));
}

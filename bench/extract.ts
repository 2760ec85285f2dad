/** extract: from a local store, from a web server, and from one that is 50 ms away. */
import { basename } from "node:path";
import { startDelayProxy } from "../tests/support/servers/delay_proxy.ts";
import { startNginx } from "../tests/support/servers/nginx.ts";
import { contenders } from "./contenders.ts";
import { casyncStore, desyncStore, directory, path, same, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const ONE_WAY_MS = 25;

/** The blob of an index out of a store. */
export function extractions(index: string, store: string): Contender[] {
  return contenders({
    args: (name) => ["extract", "-s", store, index, path(name)],
    casync: (name) => ["extract", `--store=${store}`, "--seed-output=no", index, path(name)],
    limit: isUrl(store) ? undefined : (name) => ["extract", index, store, path(name)],
  });
}

function isUrl(store: string): boolean {
  return store.includes("://");
}

/** Without casync, which would take minutes. */
function longExtractions(index: string, store: string): Contender[] {
  return extractions(index, store).filter(({ name }) => name !== "casync");
}

/** Runs these comparisons. */
export async function benchExtract(): Promise<void> {
  const big = await systemFiles("big", 1_190_000_000);
  const small = await systemFiles("small", 200_000_000);
  const bigStore = await casyncStore("big", big);
  const smallStore = await casyncStore("small", small);
  await compare("extract 1.19 GB, local store", extractions(bigStore.index, bigStore.store));
  await same(big, path("ours"));
  const bigOther = await desyncStore("big", bigStore.index, big);
  await compare("extract 1.19 GB, desync's store", extractions(bigStore.index, bigOther));
  await same(big, path("ours"));
  const cat = contenders({ args: () => ["cat", "-s", bigStore.store, bigStore.index] });
  await compare("cat 1.19 GB, local store", cat);

  await using server = await startNginx(directory);
  const near = `${server.url}small.castr`;
  await compare("extract 200 MB over HTTP, no latency", extractions(smallStore.index, near));
  await same(small, path("ours"));
  const smallOther = basename(await desyncStore("small", smallStore.index, small));
  const nearOther = `${server.url}${smallOther}`;
  await compare("extract 200 MB of desync's store over HTTP", extractions(smallStore.index, nearOther));
  await same(small, path("ours"));
  const nearBig = `${server.url}big.castr`;
  await compare("extract 1.19 GB over HTTP, no latency", longExtractions(bigStore.index, nearBig));
  await same(big, path("ours"));

  await using proxy = await startDelayProxy(server.port, ONE_WAY_MS);
  const far = `http://127.0.0.1:${proxy.port}/small.castr`;
  await compare("extract 200 MB over HTTP, 50 ms round trip", longExtractions(smallStore.index, far));
  await same(small, path("ours"));
}

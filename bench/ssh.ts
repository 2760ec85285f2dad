/** extract through a real sshd: at no latency, and from a host that is 50 ms away. */
import { startDelayProxy } from "../tests/support/servers/delay_proxy.ts";
import { startSshd } from "../tests/support/servers/sshd.ts";
import { casyncStore, ours, path, peer, remove, same, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const ONE_WAY_MS = 25;

/** Both ask desync's own server: with casync's, its client does not get to the end. */
function contenders(ssh: string, index: string, store: string): Contender[] {
  const setting = ["env", `CASYNC_SSH_PATH=${ssh}`, `CASYNC_REMOTE_PATH=${peer("desync")}`];
  const contender = (name: string, program: readonly string[]): Contender => ({
    name,
    command: [...setting, ...program, "extract", "-s", `ssh://127.0.0.1${store}`, index, path(name)],
    before: () => remove(name),
  });
  return [contender("ours", ours), contender("desync", [peer("desync")])];
}

/** Runs these comparisons. */
export async function benchSsh(): Promise<void> {
  const file = await systemFiles("small", 200_000_000);
  const { index, store } = await casyncStore("small", file);
  await using server = await startSshd();
  await compare("extract 200 MB over SSH, no latency", contenders(server.ssh(server.port), index, store));
  await same(file, path("ours"));

  await using proxy = await startDelayProxy(server.port, ONE_WAY_MS);
  await compare(
    "extract 200 MB over SSH, 50 ms round trip",
    contenders(server.ssh(proxy.port), index, store),
  );
  await same(file, path("ours"));
}

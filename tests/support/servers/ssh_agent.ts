/** The real ssh-agent. */
import { peers } from "../peers.ts";
import type { TempDir } from "../temp.ts";

/** Starts one that has no keys, with its socket in the directory. */
export async function startAgent(dir: TempDir): Promise<AsyncDisposable & { socket: string }> {
  const socket = dir.path("agent");
  const agent = new Deno.Command(peers["ssh-agent"]!, {
    args: ["-D", "-a", socket],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  // The socket is there before anything listens on it.
  while (!await answers(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    socket,
    [Symbol.asyncDispose]: async () => {
      agent.kill("SIGTERM");
      await agent.status;
    },
  };
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

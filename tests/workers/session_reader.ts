/**
 * Reads what a shell's command sends in a session, in a process that a test can stop: the command, its file, how long it is
 * waited for in milliseconds, and the ids of chunks.
 */
import { SocketProgram } from "../../src/deno/system/spawn.ts";
import { SessionFetch } from "../../src/workers/session_fetch.ts";

const print = (line: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const [command, file, timeout, ...ids] = Deno.args;
const program = SocketProgram.start({ program: "sh", args: ["-c", command, file], env: {} })!;
const source = new SessionFetch().begin({
  kind: "session",
  session: 1,
  worker: 0,
  socket: program.socket,
  idleTimeoutMs: Number(timeout),
  greetingTimeoutMs: Number(timeout),
  patienceMs: 0,
  stopped: new Int32Array(new SharedArrayBuffer(4)),
});
print("reads");
const taken = ids.map((id) => {
  const chunk = source.take({ id, size: 100_000 });
  return chunk !== null && chunk !== "absent";
});
print(JSON.stringify({ taken, failure: source.failure }));
await program.close();

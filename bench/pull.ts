/** pull: the server's side of ssh, which answers a client that asks for all chunks of 200 MB at once. */
import { encodeMessage, type Message, parseIndex } from "../mod.ts";
import { casyncStore, ours, path, peer, systemFiles } from "./data.ts";
import { compare, type Contender } from "./measure.ts";

const WANTS_CHUNKS = 0x40n;

/** Runs this comparison. */
export async function benchPull(): Promise<void> {
  const { index, store } = await casyncStore("small", await systemFiles("small", 200_000_000));
  const session = path("session");
  writeSession(session, index);
  const contender = (name: string, program: readonly string[]): Contender => ({
    name,
    // cat's time counts too: a twentieth.
    command: [
      "bash",
      "-c",
      `"\${@:2}" pull - - - '${store}' <"$1" | cat`,
      "bash",
      session,
      ...program,
    ],
  });
  await compare("pull of all chunks of 200 MB", [
    contender("ours", ours),
    contender("desync", [peer("desync")]),
  ]);
}

function writeSession(target: string, index: string): void {
  const chunks = parseIndex(Deno.readFileSync(index));
  const messages: Message[] = [{ type: "hello", flags: WANTS_CHUNKS }];
  for (let i = 0; i < chunks.count; i++) {
    messages.push({ type: "request", highPriority: true, ids: [chunks.id(i)] });
  }
  messages.push({ type: "goodbye" });
  using file = Deno.openSync(target, { create: true, truncate: true, write: true });
  for (const message of messages) file.writeSync(encodeMessage(message));
}

/** Programs at a socket of this process: what they get, and that they end. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { WaitingConnection } from "../../../src/deno/net/waiting_connection.ts";
import { SocketProgram } from "../../../src/deno/system/spawn.ts";

const test = (name: string, fn: () => void | Promise<void>) =>
  Deno.test({
    name,
    fn,
    ignore: Deno.build.os !== "linux",
    // The C library stays loaded.
    sanitizeResources: false,
  });

function start(script: string, env: Record<string, string> = {}): SocketProgram {
  const program = SocketProgram.start({ program: "sh", args: ["-c", script, "sh", "a word", ""], env });
  ok(program !== null);
  return program;
}

/** All that the program says. */
function textOf({ socket }: SocketProgram): string {
  const connection = WaitingConnection.over(socket)!;
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (let count; count !== 0; count = connection.receive(buffer, false)) {
    text += new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  }
  return text;
}

/** Processes that this one has started and has not waited for, by their numbers. Other tests may leave some for later. */
function children(): Set<string> {
  const found = new Set<string>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // "pid (name) state parent": a name may have spaces and parentheses.
      const parent = Deno.readTextFileSync(`/proc/${name}/stat`).split(")").at(-1)!.split(" ")[2];
      if (parent === String(Deno.pid)) found.add(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Those that were not there before. */
function left(before: ReadonlySet<string>): string[] {
  return [...children().difference(before)];
}

test("it gets its words, this process's environment and more, and what it is sent", async () => {
  const before = children();
  const program = start('echo "$#:$1:$2:$HOME:$MORE"; read line; echo "$line"; exit 3', { MORE: "x=y z" });
  ok(program.send(new TextEncoder().encode("a line\n")));
  strictEqual(textOf(program), `2:a word::${Deno.env.get("HOME")}:x=y z\na line\n`);
  await program.close();
  deepStrictEqual(left(before), []);
});

test("whether something has come from it, or nothing will", async () => {
  const until = async (program: SocketProgram) => {
    while (!program.isReady) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const programs = [start("read line; echo; exec cat"), start("read line; exit 3")];
  for (const program of programs) {
    ok(!program.isReady);
    ok(program.send(new TextEncoder().encode("\n")));
    await until(program);
    await program.close();
  }
});

test("it gets no other file of this process, and no signal is ignored or blocked", async () => {
  const before = children();
  const [first, second] = [start("exec cat"), start("ls /proc/self/fd; cat /proc/self/status")];
  const text = textOf(second);
  // The last is the directory that is listed. Pipes that the tests were started with may be there, too.
  const own = start("exec cat");
  ok(!new RegExp(`^(${first.socket}|${own.socket})$`, "m").test(text.split("Name:")[0]));
  match(text, /^SigBlk:\t0000000000000000$/m);
  // SIGPIPE is the thirteenth.
  strictEqual(BigInt(`0x${/^SigIgn:\t(\w+)$/m.exec(text)![1]}`) & 1n << 12n, 0n);
  for (const program of [first, second, own]) await program.close();
  deepStrictEqual(left(before), []);
});

test("what it says on standard error does not stop it", async () => {
  const program = start("head -c 1000000 /dev/zero >&2; echo done");
  strictEqual(textOf(program), "done\n");
  await program.close();
});

test("the end of its input ends it; one that stays is asked to end, and then killed", async () => {
  const before = children();
  for (const script of ["exec cat", "exec sleep 100", "trap '' TERM; while :; do sleep 0.2; done"]) {
    const program = start(script);
    await program.close();
    deepStrictEqual(left(before), []);
  }
});

test("what is sent to a program that has ended, or that takes nothing, is not waited for", async () => {
  const gone = start("exit");
  strictEqual(textOf(gone), "");
  ok(!gone.send(Uint8Array.of(1)));
  await gone.close();
  const silent = start("exec sleep 100");
  ok(!silent.send(new Uint8Array(10_000_000)));
  await silent.close();
});

test("a program that is not there", () => {
  const before = children();
  for (const program of ["no-such-program", "/nowhere/program", "/etc/passwd"]) {
    strictEqual(SocketProgram.start({ program, args: [], env: {} }), null);
  }
  deepStrictEqual(left(before), []);
});

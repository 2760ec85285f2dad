/** Jobs over ssh that are large enough for workers, which have sessions of their own: the same comes of them whatever happens. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { cliCommand } from "../support/cli_command.ts";
import { runCli } from "../support/cli.ts";
import { exists } from "../support/exists.ts";
import { runAny } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { assertGood, environmentFor, ignoreWithout, programs, url } from "../support/servers/ssh_subjects.ts";
import { type Sshd, startSshd } from "../support/servers/sshd.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

/** From 40 MB on there are workers from the beginning. */
const BYTES = 48_000_000;

interface Made {
  readonly blob: Uint8Array;
  readonly index: string;
  readonly store: string;
  readonly ids: readonly string[];
}

let made: Promise<Made> | undefined;
const shared: TempDir = tempDir();
addEventListener("unload", () => shared[Symbol.dispose]());

/** One for all tests here. */
function makeStore(): Promise<Made> {
  return made ??= (async () => {
    const blob = random(1).bytes(BYTES);
    const [file, index] = [shared.write("blob", blob), shared.path("blob.caibx")];
    const store = shared.path("blob.castr");
    assertGood(await runCli(["make", "-m", "32:128:512", "-s", store, index, file]));
    const { stdout } = await runCli(["list-chunks", index]);
    return { blob, index, store, ids: [...new Set(stdout.trim().split("\n"))] };
  })();
}

/** What a test has: a host, and a program in ssh's place that notes how it is called. */
class Subject implements AsyncDisposable {
  readonly made: Made;
  readonly server: Sshd;
  readonly dir: TempDir;
  readonly output: string;

  private constructor(made: Made, server: Sshd, dir: TempDir) {
    this.made = made;
    this.server = server;
    this.dir = dir;
    this.output = dir.path("output");
  }

  static async start(): Promise<Subject> {
    return new Subject(await makeStore(), await startSshd(), tempDir());
  }

  /** The environment; `instead` is what the program in ssh's place does first, and `remote` what the host runs. */
  env(instead = ":", remote?: string): Record<string, string> {
    const note = `case " $* " in *BatchMode=yes*) echo worker;; *) echo first;; esac >>${
      this.dir.path("log")
    }`;
    const ssh = this.dir.write("ssh", `#!/bin/sh\n${note}\n${instead}\nexec ${this.server.ssh()} "$@"\n`);
    Deno.chmodSync(ssh, 0o755);
    const env = { ...environmentFor(this.server, "ours"), CASYNC_SSH_PATH: ssh };
    return remote === undefined
      ? env
      : { ...env, CASYNC_REMOTE_PATH: this.server.remote("sh", "-c", remote) };
  }

  /** Kinds of sessions that were begun, in order: those of workers, and those of the main thread. */
  begun(): string[] {
    const log = this.dir.path("log");
    return exists(log) ? Deno.readTextFileSync(log).trim().split("\n") : [];
  }

  async extract(env: Record<string, string>, ...options: string[]): Promise<void> {
    const { index, store } = this.made;
    const stores = options.includes("-s") ? [] : ["-s", url(this.server, store)];
    assertGood(await runCli(["extract", ...options, ...stores, index, this.output], { env }));
    this.checkOutput();
    await this.checkEnd();
  }

  checkOutput(): void {
    sameBytes(Deno.readFileSync(this.output), this.made.blob);
  }

  /** No process may be left. */
  async checkEnd(): Promise<void> {
    deepStrictEqual(await this.server.leftProcesses(), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.dir[Symbol.dispose]();
  }
}

const test = (name: string, fn: (subject: Subject) => Promise<void>) =>
  Deno.test({
    name,
    ignore: ignoreWithout() || Deno.build.os !== "linux",
    fn: async () => {
      await using subject = await Subject.start();
      await fn(subject);
    },
  });

for (const remote of ["ours", "casync", "desync"] as const) {
  Deno.test({
    name: `workers extract from the pull of ${remote} by sessions of their own`,
    ignore: ignoreWithout(remote) || Deno.build.os !== "linux",
    fn: async () => {
      await using subject = await Subject.start();
      const { CASYNC_REMOTE_PATH } = environmentFor(subject.server, remote);
      await subject.extract({ ...subject.env(), CASYNC_REMOTE_PATH });
      deepStrictEqual(subject.begun(), ["worker", "worker"]);
    },
  });
}

test("-n limits the sessions, and more than two are opened with it", async (subject) => {
  const counts: Record<string, number> = {};
  for (const most of ["1", "5"]) {
    const before = subject.begun().length;
    await subject.extract(subject.env(), "-n", most);
    Deno.removeSync(subject.output);
    counts[most] = subject.begun().length - before;
  }
  strictEqual(counts["1"], 1);
  ok(counts["5"] > 2 && counts["5"] <= 5, `${counts["5"]}`);
});

/** What serves the store, in a shell. */
const pull = ({ store }: Made) => `${programs.ours.join(" ")} pull - - - ${store}`;

/** What hosts do, and which sessions it takes. */
const FAULTS: Record<string, { remote: (made: Made, dir: TempDir) => string; begun?: RegExp }> = {
  "sessions that end within a message": {
    remote: (made) => `${pull(made)} | { dd bs=4096 count=700 2>/dev/null; kill $$; }`,
    begun: /worker.*first/,
  },
  "a session that is killed": {
    remote: (made, dir) =>
      once(dir, `${pull(made)} | { dd bs=4096 count=500 2>/dev/null; kill -9 $$; }`, pull(made)),
    begun: /worker.*first/,
  },
  "a session that ends before its greeting": {
    remote: (made, dir) => once(dir, "exit 3", `exec ${pull(made)}`),
    begun: /^worker worker$/,
  },
  "sessions that say something else": {
    remote: (made, dir) =>
      twice(dir, "echo Welcome to this host, stranger; exec cat >/dev/null", `exec ${pull(made)}`),
    begun: /^worker worker .*first/,
  },
  "much on standard error": {
    remote: (made) => `head -c 3000000 /dev/zero | tr '\\0' x >&2; exec ${pull(made)}`,
    begun: /^worker worker$/,
  },
  "a host that falls silent": {
    remote: (made, dir) =>
      twice(dir, `${pull(made)} | { dd bs=4096 count=700 2>/dev/null; exec sleep 5; }`, pull(made)),
    begun: /^worker worker .*first/,
  },
};

/** Does the first for the first session, and the rest for the others. */
function once(dir: TempDir, first: string, rest: string): string {
  return `if mkdir ${dir.path("one")} 2>/dev/null; then ${first}; else ${rest}; fi`;
}

/** The same with the first for two of them. */
function twice(dir: TempDir, first: string, rest: string): string {
  return `if mkdir ${dir.path("one")} 2>/dev/null || mkdir ${
    dir.path("two")
  } 2>/dev/null; then ${first}; else ${rest}; fi`;
}

for (const [name, { remote, begun }] of Object.entries(FAULTS)) {
  test(`extract of much over ssh: ${name}`, async (subject) => {
    const env = subject.env(":", remote(subject.made, subject.dir));
    await subject.extract(env, "-e", "30", "-b", "1ms", "--timeout", "1s");
    if (begun !== undefined) match(subject.begun().join(" "), begun);
  });
}

test("a host that asks for a password is asked for it by the first session of the main thread", async (subject) => {
  const refuses =
    `case " $* " in *BatchMode=yes*) echo "Permission denied (publickey,password)." >&2; exit 255;; esac`;
  await subject.extract(subject.env(refuses));
  match(subject.begun().join(" "), /^worker worker .*first/);
});

test("a host that lets in one session at a time", async (subject) => {
  const lock = subject.dir.path("lock");
  const refuses = `mkdir ${lock} 2>/dev/null || exit 255\n${subject.server.ssh()} "$@"; rmdir ${lock}; exit`;
  await subject.extract(subject.env(refuses));
  deepStrictEqual(subject.begun(), ["worker", "worker"]);
});

test("a host that refuses every session: one line", async (subject) => {
  const { made: { index, store }, server } = subject;
  const env = subject.env('echo "Permission denied (publickey)." >&2; exit 255');
  const { code, stderr } = await runCli(["extract", "-s", url(server, store), index, subject.output], {
    env,
  });
  strictEqual(code, 1);
  match(stderr, /^desync: Cannot read from ssh:[^\n]*Permission denied \(publickey\)\.[^\n]*\n$/);
  deepStrictEqual(server.started(), []);
});

test("a chunk that is damaged on the host, or missing there, is taken from the next store", async (subject) => {
  const { made: { blob, index, store, ids }, server, dir, output } = subject;
  const bad = dir.path("bad");
  assertGood(await runCli(["cache", "-s", store, "-c", bad, index]));
  const fileOf = (id: string) => `${bad}/${id.slice(0, 4)}/${id}.cacnk`;
  for (const [i, id] of ids.entries()) if (i % 3 === 0) Deno.removeSync(fileOf(id));
  await subject.extract(subject.env(), "-s", url(server, bad), "-s", store);
  // Absence is nothing unusual.
  deepStrictEqual(subject.begun(), ["worker", "worker"]);

  Deno.removeSync(output);
  Deno.copyFileSync(fileOf(ids[1]), fileOf(ids[100]));
  const args = ["extract", "-e", "2", "-b", "1ms", "-s", url(server, bad), "-s", store, index, output];
  const { code } = await runCli(args, { env: subject.env() });
  strictEqual(code, 0);
  sameBytes(Deno.readFileSync(output), blob);
  await subject.checkEnd();
});

test("a chunk that stays wrong, or is nowhere, is named in one line", async (subject) => {
  const { made: { index, store, ids }, server, dir, output } = subject;
  const bad = dir.path("bad");
  assertGood(await runCli(["cache", "-s", store, "-c", bad, index]));
  const fileOf = (id: string) => `${bad}/${id.slice(0, 4)}/${id}.cacnk`;
  for (
    const spoil of [
      () => Deno.copyFileSync(fileOf(ids[1]), fileOf(ids[100])),
      () => Deno.removeSync(fileOf(ids[100])),
    ]
  ) {
    spoil();
    const args = ["extract", "-e", "2", "-b", "1ms", "-s", url(server, bad), index, output];
    const { code, stderr } = await runCli(args, { env: subject.env() });
    strictEqual(code, 1);
    match(stderr, new RegExp(`^[^\n]*${ids[100]}[^\n]*\n$`));
    ok(!exists(output));
    await subject.checkEnd();
  }
});

test("Ctrl-C ends it while workers wait, and no process is left; the next run goes on from there", async (subject) => {
  const { made, server, output } = subject;
  const stop = new AbortController();
  const args = ["extract", "-s", url(server, made.store), made.index, output];
  const env = subject.env(":", `${pull(made)} | { dd bs=4096 count=500 2>/dev/null; exec sleep 100; }`);
  const running = runCli(args, { env, signal: stop.signal, timeout: 30_000 });
  while (server.started().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  stop.abort();
  strictEqual((await running).code, 130);
  ok(!exists(output));
  for (const pid of server.started()) kill(pid);
  await subject.checkEnd();
  await subject.extract(subject.env());
});

test("what a seed has is not requested", async (subject) => {
  const { made: { blob }, dir, output } = subject;
  const seed = dir.write("seed", blob.subarray(0, 30_000_000));
  assertGood(await runCli(["make", "-m", "32:128:512", dir.path("seed.caibx"), seed]));
  await subject.extract(subject.env(), "--seed", dir.path("seed.caibx"));
  deepStrictEqual(subject.begun(), ["worker", "worker"]);
  // The other way round: what was there is the seed.
  Deno.writeFileSync(output, blob.subarray(10_000_000));
  await subject.extract(subject.env(), "-k");
});

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGTERM");
  } catch {
    // It has ended.
  }
}

test("a program that is killed leaves no process behind", async (subject) => {
  const { made, server, output } = subject;
  const command = [...cliCommand, "extract", "-s", url(server, made.store), made.index, output];
  const env = subject.env(":", `${pull(made)} | { dd bs=4096 count=500 2>/dev/null; sleep 2; cat; }`);
  const script = `"$@" & while [ "$(wc -l <${
    subject.dir.path("log")
  })" != 2 ]; do sleep 0.1; done; sleep 1; kill -9 $!; wait`;
  await runAny("/bin/sh", ["-c", script, "sh", ...command], { env, timeout: 30_000 });
  ok(!exists(output));
  await subject.checkEnd();
});

test("cat and cache of much over ssh", async (subject) => {
  const { made: { blob, index, store }, server, dir } = subject;
  const env = subject.env();
  const output = dir.path("cat");
  assertGood(await runCli(["cat", "-s", url(server, store), index, output], { env }));
  sameBytes(Deno.readFileSync(output), blob);
  const part = await runCli(["cat", "-o", "12345", "-l", "30000000", "-s", url(server, store), index], {
    env,
  });
  sameBytes(part.stdoutBytes, blob.subarray(12345, 30_012_345));
  const cache = dir.path("cache");
  await subject.extract(env, "-c", cache);
  const from = dir.path("from-cache");
  assertGood(await runCli(["extract", "-s", cache, index, from]));
  sameBytes(Deno.readFileSync(from), blob);
  const other = dir.path("other");
  assertGood(await runCli(["cache", "-s", url(server, store), "-c", other, index], { env }));
  assertGood(await runCli(["extract", "-s", other, index, dir.path("from-other")]));
  sameBytes(Deno.readFileSync(dir.path("from-other")), blob);
  await subject.checkEnd();
});

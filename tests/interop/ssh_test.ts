/**
 * casync over a real sshd: our client against the real servers, the real clients against ours, and what goes wrong.
 * Which forms of chunks each takes from whom is in matrix_test.ts.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { assertFails } from "../support/failure.ts";
import { contentOf, filesIn } from "../support/files.ts";
import { makeBlob } from "../support/made.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { Random } from "../support/random.ts";
import {
  assertGood,
  assertSame,
  environmentFor,
  ignoreWithout,
  many,
  programs,
  small,
  url,
} from "../support/servers/ssh_subjects.ts";
import { type Sshd, startSshd } from "../support/servers/sshd.ts";
import { tempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";
import { amount, pairs, share, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

for (const [remote, builtin] of pairs(["casync", "desync", "ours"] as const, [false, true])) {
  Deno.test({
    name: `our client${builtin ? ", ssh built in," : ""} against the pull of ${remote}, with many chunks`,
    ignore: ignoreWithout(remote),
    fn: async () => {
      using dir = tempDir();
      await using server = await startSshd();
      const env = environmentFor(server, remote);
      const { store, index, bytes } = many(dir);
      const target = dir.path("target");
      const more = builtin ? ["--ssh-builtin"] : [];
      assertGood(await runCli(["extract", ...more, "-s", url(server, store), index, target], { env }));
      assertSame(target, bytes);
      ok(server.started().length <= 2, "sessions");
      deepStrictEqual(await server.leftProcesses(), []);
    },
  });
}

/** How the real clients are called. */
const clients: [name: string, client: "casync" | "desync", ...options: string[]][] = [
  ["casync", "casync"],
  ["desync with one session", "desync", "-n", "1"],
  ["desync as it likes", "desync"],
  ["desync with two sessions", "desync", "-n", "2"],
];
for (const [name, client, ...options] of share(clients, 2)) {
  Deno.test({
    name: `the real client ${name} against our pull, with many chunks`,
    ignore: ignoreWithout(client),
    fn: async () => {
      using dir = tempDir();
      await using server = await startSshd();
      const env = environmentFor(server, "ours", server.port);
      const { store, index, bytes } = many(dir);
      const target = dir.path("target");
      const words = client === "casync"
        ? ["extract", `--store=127.0.0.1:${store}`]
        : ["extract", ...options, "-s", `ssh://127.0.0.1${store}`];
      await run(programs[client][0], [...words, index, target], { env });
      assertSame(target, bytes);
      deepStrictEqual(await server.leftProcesses(), []);
    },
  });
}

inTurn()({
  name: "-n limits the sessions; missing ids are requested from the next store; the cache is filled",
  ignore: ignoreWithout(),
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const env = environmentFor(server, "ours");
    const { index, store, bytes } = many(dir);
    // Every third chunk is elsewhere.
    const rest = dir.dir("rest");
    for (const [i, name] of filesIn(store).entries()) {
      if (i % 3 !== 0) continue;
      dir.path("rest", name);
      Deno.renameSync(`${store}/${name}`, `${rest}/${name}`);
    }
    const [target, cache] = [dir.path("target"), dir.path("cache")];
    const stores = ["-s", url(server, store), "-s", url(server, rest)];
    assertGood(await runCli(["extract", "-n", "1", ...stores, "-c", cache, index, target], { env }));
    assertSame(target, bytes);
    strictEqual(server.started().length, 2);
    Deno.removeSync(target);
    assertGood(await runCli(["extract", "-s", cache, index, target]));
    assertSame(target, bytes);
    // Nothing is asked for that the cache has.
    assertGood(await runCli(["extract", ...stores, "-c", cache, index, dir.path("again")], { env }));
    strictEqual(server.started().length, 2);

    const failed = await runCli(["extract", ...stores.slice(0, 2), index, dir.path("without")], { env });
    assertFails(failed, 1, /Chunk [0-9a-f]{64} not found \(searched: ssh:\/\/127\.0\.0\.1/);
    deepStrictEqual(await server.leftProcesses(), []);
  },
});

inTurn()({
  name: "other commands read over ssh, too: cat, cache",
  ignore: ignoreWithout(),
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const env = environmentFor(server, "ours");
    const { index, store, bytes } = small();
    const result = await runCli(["cat", "-s", url(server, store), "-o", "1000", index], { env });
    assertGood(result);
    ok(result.stdoutBytes.every((byte, i) => byte === bytes[i + 1000]));
    strictEqual(result.stdoutBytes.length, bytes.length - 1000);
    assertGood(await runCli(["cache", "-s", url(server, store), "-c", dir.path("cache"), index], { env }));
    for (const [name, held] of Object.entries(contentOf(dir.path("cache")))) {
      deepStrictEqual(held, Deno.readFileSync(`${store}/${name}`));
    }
    deepStrictEqual(await server.leftProcesses(), []);
  },
});

Deno.test({
  name: "a chunk that is damaged on the host never gets into the blob, whichever program serves it",
  ignore: ignoreWithout("casync", "desync"),
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const made = makeBlob(dir, [new Random(1).bytes(5000), new Random(2).bytes(5000)]);
    Deno.copyFileSync(made.chunk(0), made.chunk(1));
    for (const remote of ["ours", "casync", "desync"] as const) {
      const env = environmentFor(server, remote);
      const args = ["extract", "-e", "0", "-s", url(server, made.store), made.index, dir.path("target")];
      const { code, stderr } = await runCli(args, { env });
      strictEqual(code, 1, remote);
      ok(stderr.includes(remote === "casync" || remote === "desync" ? "127.0.0.1" : made.ids[1]), stderr);
      deepStrictEqual(filesIn(dir.root).filter((name) => name === "target"), []);
    }
    deepStrictEqual(await server.leftProcesses(), []);
  },
});

Deno.test({
  name: "our pull serves a store on a web server",
  ignore: ignoreWithout() || !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    await using web = await startNginx(testdata(""));
    // The location is made on the host: what ssh:// names is a path there.
    const remote = server.remote(
      "sh",
      "-c",
      `exec ${programs.ours.join(" ")} pull --allow-url - - - ${web.url}casync-zstd.castr`,
    );
    const env = { CASYNC_SSH_PATH: server.ssh(), CASYNC_REMOTE_PATH: remote };
    const target = dir.path("target");
    const { index, bytes } = small();
    assertGood(await runCli(["extract", "-s", url(server, "/any"), index, target], { env }));
    assertSame(target, bytes);
    deepStrictEqual(await server.leftProcesses(), []);
  },
});

Deno.test({
  name: "any path is taken as it is",
  ignore: ignoreWithout("casync"),
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const env = environmentFor(server, "casync");
    const names = [
      "with space and quote'quote\"",
      "Ümläut €, a\ttab, 100%",
      "$(touch $HOME/trap)`touch trap`",
      "-x;&|<>*?[]{}~#!\\$HOME",
    ];
    for (const [i, name] of names.entries()) {
      const made = makeBlob(dir, [new Random(i).bytes(3000)], { name: `store${i}` });
      const path = dir.path("names", name);
      Deno.renameSync(made.store, path);
      const more = i % 2 === 0 ? [] : ["--ssh-builtin"];
      const target = dir.path("target");
      const args = ["extract", ...more, "-s", url(server, path), made.index, target];
      assertGood(await runCli(args, { env }));
      assertSame(target, made.bytes);
    }
    deepStrictEqual(filesIn(dir.root).filter((name) => name.includes("trap") && !name.includes("touch")), []);
    deepStrictEqual(filesIn(server.home).filter((name) => name.includes("trap")), []);
  },
});

/** What goes wrong before there is a session; each is one line and leaves nothing behind. */
const failures: [
  name: string,
  env: (server: Sshd) => Record<string, string>,
  location: ((server: Sshd) => string) | undefined,
  ...says: (RegExp | string)[],
][] = [
  [
    "no such command on the host",
    () => ({ CASYNC_REMOTE_PATH: "/nowhere/casync" }),
    undefined,
    /^desync: Cannot read from ssh:\/\/127\.0\.0\.1:\d+\/.*: .*\/nowhere\/casync/,
    /status 127: .*; CASYNC_REMOTE_PATH names another program there\)$/m,
  ],
  [
    "a command that says something else",
    (server) => ({ CASYNC_REMOTE_PATH: server.remote("echo", "Welcome to this host") }),
    undefined,
    /it says "Welcome to this host pull - - - .*" instead of speaking the casync protocol/,
  ],
  [
    "a command that fails",
    (server) => ({ CASYNC_REMOTE_PATH: server.remote("sh", "-c", "echo out of order >&2; exit 7") }),
    undefined,
    /status 7/,
    "out of order",
  ],
  [
    "a command that dies",
    (server) => ({ CASYNC_REMOTE_PATH: server.remote("sh", "-c", "kill -9 $$") }),
    undefined,
    /ended/,
  ],
  [
    "no such directory on the host",
    () => ({}),
    (server) => url(server, "/no/such store"),
    /ssh:\/\/127\.0\.0\.1:\d+\/no\/such%20store: /,
    /\/no\/such store/,
  ],
  ["nobody at the port", () => ({}), () => "ssh://127.0.0.1:1/store", /Connection refused|ECONNREFUSED/],
  [
    "a host without a name",
    () => ({}),
    () => "ssh://no-such-host.invalid/store",
    /no-such-host\.invalid/,
  ],
];
for (const [turn, [name, env, location, ...says]] of failures.entries()) {
  Deno.test({
    name: `${name}: one line, with ssh and with the one built in`,
    ignore: ignoreWithout(),
    fn: async () => {
      using dir = tempDir();
      await using server = await startSshd();
      const { index, store } = small();
      const from = location?.(server) ?? url(server, store);
      for (const more of share([[], ["--ssh-builtin"]], 1, turn)) {
        const before = server.started().length;
        const result = await runCli(["extract", ...more, "-s", from, index, dir.path("target")], {
          env: { ...environmentFor(server, "ours"), ...env(server) },
        });
        assertFails(result, 1, ...says);
        deepStrictEqual(filesIn(dir.root), []);
        ok(server.started().length <= before + 1, "it was tried again");
      }
      deepStrictEqual(await server.leftProcesses(), []);
    },
  });
}

Deno.test("locations that ssh could mistake for options, or that name nothing, are refused", async () => {
  for (
    const [location, says] of [
      ["ssh://-oProxyCommand=touch trap/store", /./],
      ["ssh://-v/store", /names no host/],
      ["ssh://host/a?b", /%3F/],
      ["ssh://host/a#b", /%23/],
      ["ssh://-l@host/store", /names no host/],
      ["ssh:///store", /./],
      ["ssh://host", /names no directory/],
      ["ssh://host/", /names no directory/],
      ["ssh://user:secret@host/store", /no password/],
    ] as const
  ) {
    using dir = tempDir();
    const args = ["extract", "-s", location, testdata("casync-small.caibx"), dir.path("target")];
    const result = await runCli(args, { env: { CASYNC_SSH_PATH: "/nowhere/ssh" }, cwd: dir.root });
    assertFails(result, 2, says);
    ok(!result.stderr.includes("secret"));
    deepStrictEqual(filesIn(dir.root), []);
  }
});

Deno.test("without the ssh program, the error names --ssh-builtin", async () => {
  using dir = tempDir();
  const env = { CASYNC_SSH_PATH: dir.path("no-ssh") };
  const args = ["extract", "-s", "ssh://host/store", testdata("casync-small.caibx"), dir.path("target")];
  assertFails(
    await runCli(args, { env }),
    1,
    /the program .*no-ssh was not found/,
    "--ssh-builtin",
    "CASYNC_SSH_PATH",
  );
});

// In a usual run this is tried with ssh, and what follows it with the one built in.
for (const builtin of share([false, true], 1)) {
  inTurn()({
    name: `a session that breaks is replaced${builtin ? ", ssh built in" : ""}`,
    ignore: ignoreWithout(),
    fn: async () => {
      using dir = tempDir();
      await using server = await startSshd();
      const { index, store, bytes } = many(dir, 300);
      // Each session ends after some hundred kilobytes, within a message as a rule; the blob takes several.
      const remote = server.remote(
        "sh",
        "-c",
        `${programs.ours.join(" ")} pull - - - ${store} | { dd bs=4096 count=60 2>/dev/null; kill $$; }`,
      );
      const env = { ...environmentFor(server, "ours"), CASYNC_REMOTE_PATH: remote };
      const target = dir.path("target");
      const more = builtin ? ["--ssh-builtin"] : [];
      const sessions = ["-n", String(amount(2, 10))];
      const often = ["-e", "30", "-b", "1ms"];
      const args = ["extract", ...more, ...sessions, ...often, "-s", url(server, "/any"), index, target];
      assertGood(await runCli(args, { env }));
      assertSame(target, bytes);
      ok(server.started().length > 3, `${server.started().length} sessions`);
      deepStrictEqual(await server.leftProcesses(), []);
    },
  });
}

for (const builtin of share([false, true], 1, 1)) {
  Deno.test({
    name: `Ctrl-C ends a command while the host is silent${builtin ? ", ssh built in" : ""}`,
    ignore: ignoreWithout(),
    fn: async () => {
      using dir = tempDir();
      await using server = await startSshd();
      const env = {
        ...environmentFor(server, "ours"),
        CASYNC_REMOTE_PATH: server.remote("sh", "-c", "exec sleep 100"),
      };
      const { index, store } = small();
      const stop = new AbortController();
      const more = builtin ? ["--ssh-builtin"] : [];
      const args = ["extract", ...more, "-s", url(server, store), index, dir.path("target")];
      const running = runCli(args, { env, signal: stop.signal, timeout: 30_000 });
      while (server.started().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      stop.abort();
      strictEqual((await running).code, 130);
      deepStrictEqual(filesIn(dir.root), []);
      // sleep does not look at its input; nobody can end it but its host.
      for (const pid of server.started()) Deno.kill(pid, "SIGTERM");
      deepStrictEqual(await server.leftProcesses(), []);
    },
  });
}

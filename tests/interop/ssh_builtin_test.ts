/** ssh built in, over a real sshd: whom it trusts, and with which keys. */
import { deepStrictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { assertFails } from "../support/failure.ts";
import { run } from "../support/process.ts";
import { peers } from "../support/peers.ts";
import {
  assertGood,
  assertSame,
  environmentFor,
  ignoreWithout,
  small,
  url,
} from "../support/servers/ssh_subjects.ts";
import { startAgent } from "../support/servers/ssh_agent.ts";
import { makeSshKey, type Sshd, startSshd } from "../support/servers/sshd.ts";
import { tempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";

/** What is in known_hosts, and what becomes of it: whom it names is tested where that is decided. */
const hosts: [name: string, file: (server: Sshd, other: string) => string, says: RegExp | undefined][] = [
  [
    "also with keys that cannot be used",
    ({ port, hostKey }) =>
      [`sk-ssh-ed25519@openssh.com AAAA`, `ssh-dss AAAA`, `ssh-rsa AAAA`, hostKey]
        .map((key) => `[127.0.0.1]:${port} ${key}\n`).join(""),
    undefined,
  ],
  ["of another port", ({ port, hostKey }) => `[127.0.0.1]:${port + 1} ${hostKey}\n`, /not in known_hosts/],
  ["with another key", ({ port }, other) => `[127.0.0.1]:${port} ${other}\n`, /not the one in known_hosts/],
  [
    "with a key of another type alone",
    ({ port }) => `[127.0.0.1]:${port} ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=\n`,
    /not in known_hosts/,
  ],
  [
    "with the key revoked",
    ({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n@revoked [127.0.0.1]:${port} ${hostKey}\n`,
    /revoked/,
  ],
];
for (const [name, file, says] of hosts) {
  Deno.test({
    name: `ssh built in, known_hosts ${name}: ${says ? "refused" : "let in"}`,
    ignore: ignoreWithout(),
    fn: async () => {
      using dir = tempDir();
      await using server = await startSshd();
      await makeSshKey(dir.path("other"));
      const known = `${server.home}/.ssh/known_hosts`;
      Deno.writeTextFileSync(known, file(server, Deno.readTextFileSync(dir.path("other.pub")).trim()));
      const { index, store, bytes } = small();
      const target = dir.path("target");
      const args = ["extract", "--ssh-builtin", "-s", url(server, store), index, target];
      const result = await runCli(args, { env: environmentFor(server, "ours") });
      if (says === undefined) {
        assertGood(result);
        assertSame(target, bytes);
      } else {
        assertFails(result, 1, says, await server.fingerprint());
        deepStrictEqual(server.started(), []);
      }
    },
  });
}

for (
  const [name, more, says] of [
    ["a key that signs SHA-1", "HostKeyAlgorithms ssh-rsa", /host key/i],
    ["MACs of SHA-1", "Ciphers aes128-ctr\nMACs hmac-sha1,hmac-sha1-etm@openssh.com", /MAC/i],
    [
      "no exchange of keys without SHA-1",
      "KexAlgorithms diffie-hellman-group14-sha1",
      /key exchange|handshake/i,
    ],
    ["an RSA key and SHA-2", "HostKeyAlgorithms rsa-sha2-256", undefined],
  ] as const
) {
  Deno.test({
    name: `ssh built in: a host that has ${name} is ${says ? "refused" : "let in"}`,
    ignore: ignoreWithout(),
    fn: async () => {
      await using server = await startSshd(more, "rsa");
      const { index, store, bytes } = small();
      const args = ["cat", "--ssh-builtin", "-e", "1", "-s", url(server, store), index];
      const result = await runCli(args, { env: environmentFor(server, "ours") });
      if (says === undefined) deepStrictEqual(result.stdoutBytes, new Uint8Array(bytes), result.stderr);
      else assertFails(result, 1, says);
    },
  });
}

Deno.test({
  name: "ssh built in: a key file that others may read is not used, as by ssh",
  ignore: ignoreWithout(),
  fn: async () => {
    await using server = await startSshd();
    const key = `${server.home}/.ssh/id_ed25519`;
    Deno.chmodSync(key, 0o640);
    const { index, store } = small();
    const cat = ["cat", "--ssh-builtin", "-e", "1", "-l", "1", "-s", url(server, store), index];
    assertFails(
      await runCli(cat, { env: environmentFor(server, "ours") }),
      1,
      `(${key} is not used`,
      `chmod 600 ${key}`,
    );
    Deno.chmodSync(key, 0o400);
    deepStrictEqual((await runCli(cat, { env: environmentFor(server, "ours") })).code, 0);
  },
});

Deno.test({
  name: "ssh built in: an agent that is gone does not keep the key file from being used",
  ignore: ignoreWithout(),
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const { index, store, bytes } = small();
    const env = { ...environmentFor(server, "ours"), SSH_AUTH_SOCK: dir.path("no-agent") };
    const target = dir.path("target");
    assertGood(await runCli(["extract", "--ssh-builtin", "-s", url(server, store), index, target], { env }));
    assertSame(target, bytes);
  },
});

Deno.test({
  name: "ssh built in, with an agent and without key files",
  ignore: ignoreWithout() || !peers["ssh-agent"] || !peers["ssh-add"],
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const key = `${server.home}/.ssh/id_ed25519`;
    await using agent = await startAgent(dir);
    const env = { ...environmentFor(server, "ours"), SSH_AUTH_SOCK: agent.socket };
    const { index, store, bytes } = small();
    const target = dir.path("target");
    const args = ["extract", "--ssh-builtin", "-s", url(server, store), index, target];
    Deno.renameSync(key, dir.path("moved"));
    assertFails(await runCli(args, { env }), 1, /none of the agent's keys and key files/);
    await run(peers["ssh-add"], ["-q", dir.path("moved")], { env });
    assertGood(await runCli(args, { env }));
    assertSame(target, bytes);
  },
});

Deno.test({
  name: "ssh built in: a host that sends nothing, and one that does not send ssh",
  ignore: ignoreWithout(),
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    for (const words of ["", "HTTP/1.1 400 Bad Request\r\n\r\n"]) {
      const connections: Deno.Conn[] = [];
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const accepting = (async () => {
        for await (const connection of listener) {
          connections.push(connection);
          await connection.write(new TextEncoder().encode(words));
        }
      })();
      const from = `ssh://127.0.0.1:${listener.addr.port}/store`;
      const args = ["extract", "--ssh-builtin", "--timeout", "500ms", "-s", from];
      const result = await runCli([...args, testdata("casync-small.caibx"), dir.path("target")], {
        env: environmentFor(server, "ours"),
        timeout: 30_000,
      });
      assertFails(result, 1, from);
      for (const connection of connections) connection.close();
      listener.close();
      await accepting;
    }
  },
});

/** ssh built in, over a real sshd: RSA keys, in files and in agents, never sign with SHA-1. */
import { doesNotMatch, match, rejects, strictEqual } from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { SSH2 } from "../../src/deno/late_packages.ts";
import { connectBuiltin } from "../../src/deno/ssh/ssh_builtin.ts";
import { parseSshLocation } from "../../src/deno/ssh/ssh_location.ts";
import { runCli } from "../support/cli.ts";
import { assertFails } from "../support/failure.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { startAgent } from "../support/servers/ssh_agent.ts";
import { environmentFor, ignoreWithout, small, url } from "../support/servers/ssh_subjects.ts";
import { makeSshKey, type Sshd, startSshd } from "../support/servers/sshd.ts";
import { tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const NONE = "the host accepts none of the agent's keys and key files";
const HINT = "(RSA keys sign with SHA-2 only: for a host that accepts only SHA-1, use an ed25519 key)";

/** A server that lets the user in by an RSA key alone, and the path of the key. */
async function startRsaSshd(more: string): Promise<[server: Sshd, path: string]> {
  const server = await startSshd(more);
  const path = `${server.home}/.ssh/id_rsa`;
  await makeSshKey(path, "rsa");
  Deno.removeSync(`${server.home}/.ssh/id_ed25519`);
  // Which the server has for its authorized keys.
  Deno.renameSync(`${path}.pub`, `${server.home}/.ssh/id_ed25519.pub`);
  return [server, path];
}

/** Has the real ssh sign with one of these algorithms alone, to see that the server accepts it. */
async function assertSshAccepted(server: Sshd, path: string, algorithms: string): Promise<void> {
  await run(peers.ssh, [
    ...["-F", "none", "-i", path, "-o", `PubkeyAcceptedAlgorithms=${algorithms}`],
    ...["-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${server.home}/.ssh/known_hosts`],
    ...["-p", String(server.port), "127.0.0.1", "true"],
  ]);
}

for (
  const [algorithms, isAccepted] of [
    ["ssh-rsa", false],
    ["rsa-sha2-256", true],
    ["rsa-sha2-512", true],
    ["ssh-rsa,rsa-sha2-512", true],
  ] as const
) {
  inTurn()({
    name: `ssh built in: a host with ${algorithms} ${
      isAccepted ? "accepts" : "gets no signature of"
    } RSA keys`,
    ignore: ignoreWithout() || !peers["ssh-agent"] || !peers["ssh-add"],
    fn: async () => {
      using dir = tempDir();
      const [server, path] = await startRsaSshd(`PubkeyAcceptedAlgorithms ${algorithms}`);
      await using _ = server;
      await assertSshAccepted(server, path, algorithms);
      const { index, store, bytes } = small();
      const cat = async (env: Record<string, string>) => {
        const result = await runCli(["cat", "--ssh-builtin", "-e", "1", "-s", url(server, store), index], {
          env,
        });
        if (isAccepted) sameBytes(result.stdoutBytes, bytes, result.stderr);
        else assertFails(result, 1, `${NONE} ${HINT}`);
      };
      const env = environmentFor(server, "ours");
      await cat(env);
      await using agent = await startAgent(dir);
      const withAgent = { ...env, SSH_AUTH_SOCK: agent.socket };
      await run(peers["ssh-add"], ["-q", path], { env: withAgent });
      Deno.removeSync(path);
      await cat(withAgent);
    },
  });
}

/** The part of the package that is used by the tests alone. */
interface Ssh2 {
  readonly Client: { prototype: { connect(config: object): void } };
  readonly AgentProtocol: new (isClient: boolean) => AgentProtocol;
  readonly utils: { parseKey(key: string): { sign(data: Uint8Array, hash: string): Uint8Array } };
}
interface AgentProtocol extends NodeJS.ReadWriteStream {
  on(event: "identities", listener: (request: unknown) => void): this;
  on(event: "sign", listener: (request: unknown, key: unknown, data: Uint8Array) => void): this;
  getIdentitiesReply(request: unknown, keys: readonly unknown[]): void;
  signReply(request: unknown, signature: Uint8Array): void;
}

Deno.test({
  name: "ssh built in: a host that does not announce its algorithms gets no SHA-1 signature",
  // Deno 2.6 never closes a cipher that is not finished.
  sanitizeResources: false,
  ignore: ignoreWithout(),
  fn: async () => {
    const [server, path] = await startRsaSshd("PubkeyAcceptedAlgorithms ssh-rsa");
    await using _ = server;
    await assertSshAccepted(server, path, "ssh-rsa");
    // As old hosts, which announce nothing.
    const { default: ssh2 }: { default: Ssh2 } = await import(SSH2);
    const { connect } = ssh2.Client.prototype;
    ssh2.Client.prototype.connect = function (config) {
      connect.call(this, config);
      delete Reflect.get(Reflect.get(this, "_protocol"), "_handlers").EXT_INFO;
    };
    const before = Deno.env.toObject();
    Deno.env.set("HOME", server.home);
    Deno.env.delete("SSH_AUTH_SOCK");
    try {
      const connection = connectBuiltin(
        { command: server.remote("true") },
        parseSshLocation(url(server, "/store")),
      );
      const { readable, close } = connection;
      await rejects(readable.getReader().read(), { message: `${NONE} ${HINT}` }).finally(close);
    } finally {
      ssh2.Client.prototype.connect = connect;
      for (const name of ["HOME", "SSH_AUTH_SOCK"]) {
        if (before[name] !== undefined) Deno.env.set(name, before[name]);
      }
    }
  },
});

Deno.test({
  name: "ssh built in: an agent that signs with SHA-1 whatever it is asked for is not used",
  ignore: ignoreWithout(),
  fn: async () => {
    using dir = tempDir();
    const [server, path] = await startRsaSshd("LogLevel VERBOSE");
    await using _ = server;
    const { default: ssh2 }: { default: Ssh2 } = await import(SSH2);
    const key = ssh2.utils.parseKey(Deno.readTextFileSync(path));
    Deno.removeSync(path);
    let signed = 0;
    const sockets: Socket[] = [];
    const agent = createServer((socket) => {
      sockets.push(socket);
      const protocol = new ssh2.AgentProtocol(false);
      protocol.on("identities", (request) => protocol.getIdentitiesReply(request, [key]));
      protocol.on("sign", (request, _, data) => {
        signed++;
        protocol.signReply(request, key.sign(data, "sha1"));
      });
      socket.on("error", () => {});
      socket.pipe(protocol).pipe(socket);
    });
    const socket = dir.path("agent");
    await new Promise<void>((resolve) => agent.listen(socket, resolve));
    const { index, store } = small();
    const env = { ...environmentFor(server, "ours"), SSH_AUTH_SOCK: socket };
    const args = ["cat", "--ssh-builtin", "-e", "1", "-s", url(server, store), index];
    const result = await runCli(args, { env });
    // Deno 2.6 does not report when it is closed.
    agent.close();
    for (const socket of sockets) socket.destroy();
    assertFails(result, 1, `${NONE} ${HINT}`);
    strictEqual(signed > 0, true);
    const log = Deno.readTextFileSync(`${server.home}/../log`);
    match(log, /Accepted key RSA/);
    doesNotMatch(log, /Failed publickey/);
  },
});

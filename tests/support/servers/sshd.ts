/**
 * The real sshd with a configuration, port and keys of its own, which lets in the user who runs the tests:
 *
 *     await using server = await startSshd();
 *     CASYNC_SSH_PATH=server.ssh() CASYNC_REMOTE_PATH=server.remote("casync") … ssh://127.0.0.1/path
 */

import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import { denoDir } from "../deno_dir.ts";
import { exists } from "../exists.ts";
import { peers } from "../peers.ts";
import { run } from "../process.ts";
import { type TempDir, tempDir } from "../temp.ts";
import { freePort } from "./ports.ts";

/** The name under which the host's key is known, whatever the port. */
const alias = "desync-test";

/** A running sshd. */
export class Sshd implements AsyncDisposable {
  readonly port: number;
  /** The host's public key: its type and its bytes in base64. */
  readonly hostKey: string;
  /** A home directory whose `.ssh` has the user's key, and the host's in a hashed known_hosts. Sessions have it, too. */
  readonly home: string;
  readonly #daemon: Daemon;
  readonly #dir: TempDir;
  #files = 0;

  constructor(port: number, hostKey: string, daemon: Daemon, dir: TempDir) {
    this.port = port;
    this.hostKey = hostKey;
    this.home = dir.path("home");
    this.#daemon = daemon;
    this.#dir = dir;
  }

  /** The host's fingerprint as ssh-keygen shows it. */
  async fingerprint(): Promise<string> {
    const { stdout } = await run(peers["ssh-keygen"], ["-lf", this.#dir.path("host.pub")]);
    return stdout.split(" ")[1];
  }

  /** A program to be used as `ssh`, which has the right keys. With a port it goes there, for clients that name none. */
  ssh(port?: number): string {
    const options = [
      ...["-F", "none", "-i", this.#dir.path("home", ".ssh", "id_ed25519")],
      ...["IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=yes", `HostKeyAlias=${alias}`],
      "KexAlgorithms=curve25519-sha256", // others take ten times as long
      ...[`UserKnownHostsFile=${this.#dir.path("known_hosts")}`, "GlobalKnownHostsFile=/dev/null"],
    ].map((word) => /^[A-Z]\w+=/.test(word) ? `-o ${word}` : word);
    if (port !== undefined) options.push(`-p ${port}`);
    return this.#script(`exec ${peers.ssh} ${options.join(" ")} "$@"`);
  }

  /** A program to be run on the host in casync's place; which processes it became is noted. */
  remote(...command: readonly string[]): string {
    const words = command.map((word) => `'${word}'`).join(" ");
    return this.#script(`echo $$ >>${this.#dir.path("pids")}\nexec ${words} "$@"`);
  }

  /** Process ids of all that {@linkcode remote} has started so far. */
  started(): number[] {
    const file = this.#dir.path("pids");
    return exists(file) ? Deno.readTextFileSync(file).trim().split("\n").map(Number) : [];
  }

  /** Those that are left when they have had time to end: one that has just been started may first have to begin. */
  async leftProcesses(): Promise<number[]> {
    let left = this.started();
    for (let turn = 0; turn < 1000 && left.length > 0; turn++) {
      left = left.filter(runs);
      if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return left;
  }

  #script(text: string): string {
    const path = this.#dir.write(`script-${this.#files++}`, `#!/bin/sh\n${text}\n`);
    Deno.chmodSync(path, 0o755);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
    this.#dir[Symbol.dispose]();
  }
}

/** Whether the process has not ended. A zombie has. */
function runs(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // Behind its name, which may be anything.
    return !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
  } catch {
    return false;
  }
}

/** What an RSA key is, in its two files: to make one takes a second, so a test file has one for all its purposes. */
let rsaKey: { readonly secret: string; readonly open: string } | undefined;

/** Makes a key at the path, and its public part beside it. */
export async function makeSshKey(path: string, type: "ed25519" | "rsa" = "ed25519"): Promise<void> {
  if (type === "rsa" && rsaKey !== undefined) {
    Deno.writeTextFileSync(path, rsaKey.secret, { mode: 0o600 });
    Deno.writeTextFileSync(`${path}.pub`, rsaKey.open);
    return;
  }
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  await run(peers["ssh-keygen"], ["-q", "-t", type, ...bits, "-N", "", "-C", "", "-f", path]);
  if (type === "rsa") {
    rsaKey = { secret: Deno.readTextFileSync(path), open: Deno.readTextFileSync(`${path}.pub`) };
  }
}

/** Starts sshd on a free port of 127.0.0.1, with more lines of configuration (a Subsystem instead of SFTP), or with a host's key of another type. */
export async function startSshd(more = "", hostKeyType: "ed25519" | "rsa" = "ed25519"): Promise<Sshd> {
  const { sshd } = peers;
  if (sshd === undefined) throw new Error("sshd is not installed: give the test `ignore: !peers.sshd`");
  // sshd wants this directory, which the system's service makes.
  if (Deno.uid() === 0) Deno.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const dir = tempDir();
  const withSftp = more.includes("Subsystem") ? more : `Subsystem sftp internal-sftp\n${more}`;
  try {
    const userKey = dir.path("home", ".ssh", "id_ed25519");
    await makeSshKey(dir.path("host"), hostKeyType);
    await makeSshKey(userKey);
    const hostKey = Deno.readTextFileSync(dir.path("host.pub")).trim();
    dir.write("known_hosts", `${alias} ${hostKey}\n`);
    // Another program may take the port between its choice and its use; then try the next.
    for (let attempt = 0; attempt < 5; attempt++) {
      const port = freePort();
      const conf = dir.write("sshd.conf", `${configuration(dir, port, `${userKey}.pub`)}${withSftp}\n`);
      const daemon = new Daemon(sshd, ["-D", "-f", conf, "-E", dir.path("log")]);
      // sshd writes its pid once it listens.
      if (await daemon.waitUntil(() => exists(dir.path("pid")))) {
        const known = dir.write(join("home", ".ssh", "known_hosts"), `[127.0.0.1]:${port} ${hostKey}\n`);
        await run(peers["ssh-keygen"], ["-q", "-H", "-f", known]);
        return new Sshd(port, hostKey, daemon, dir);
      }
      await daemon.stop();
    }
    throw new Error(`sshd did not start:\n${Deno.readTextFileSync(dir.path("log"))}`);
  } catch (error) {
    dir[Symbol.dispose]();
    throw error;
  }
}

function configuration(dir: TempDir, port: number, userKey: string): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${dir.path("host")}
PidFile ${dir.path("pid")}
AuthorizedKeysFile ${userKey}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv "HOME=${dir.path("home")}" "DENO_DIR=${denoDir}"
`;
}

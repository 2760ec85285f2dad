/**
 * A connection over ssh without the ssh program: for systems that have none. It uses the agent and the usual key files,
 * and refuses hosts whose keys are not in known_hosts.
 */
import { readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
// @ts-types="./ssh2.d.ts"
import ssh2 from "npm:ssh2@1.17.0";
import type { AuthMethod } from "./ssh2.d.ts";
import { DesyncError, messageOf } from "../errors.ts";
import type { Connection } from "../stores/protocol_client.ts";
import { fingerprint, judgeHostKey, knownKeyTypes } from "./known_hosts.ts";
import { pullCommand, type SshLocation } from "./ssh_location.ts";

const CONNECT_TIMEOUT_MS = 20_000;
const KEPT_WORDS = 2000;
const KEY_FILES = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** Connects and starts the command that serves the store. */
export function connectBuiltin(remoteProgram: string, location: SshLocation): Connection {
  const client = new ssh2.Client();
  let words = "";
  let hostKeyProblem: string | undefined;
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const fail = (text: string) => {
    words ||= text;
    output.writable.abort(new DesyncError("store", text)).catch(() => {});
    input.readable.cancel().catch(() => {});
    client.end();
  };

  client.on("error", (error: Error) => fail(hostKeyProblem ?? describe(error)));
  client.on("ready", () => {
    client.setNoDelay(true);
    client.exec(pullCommand(remoteProgram, location.path), (error, channel) => {
      if (error !== undefined) return fail(messageOf(error));
      channel.stderr.on("data", (piece: Uint8Array) => {
        words = (words + new TextDecoder().decode(piece)).slice(-KEPT_WORDS);
      });
      channel.on("exit", (code: number | null) => {
        if (code !== null && code !== 0) words = `${words.trim()} (status ${code})`.trim();
      });
      const remote = Readable.toWeb(channel) as ReadableStream<Uint8Array>;
      remote.pipeTo(output.writable).catch(() => {}).finally(() => client.end());
      input.readable.pipeTo(Writable.toWeb(channel) as WritableStream<Uint8Array>).catch(() => {});
    });
  });

  const known = readKnownHosts();
  const port = location.port ?? 22;
  const types = knownKeyTypes(known, location.host, port).flatMap(algorithmsOf);
  client.connect({
    host: location.host,
    port,
    username: location.user ?? userInfo().username,
    readyTimeout: CONNECT_TIMEOUT_MS,
    keepaliveInterval: 15_000,
    ...(types.length === 0 ? {} : { algorithms: { serverHostKey: types } }),
    authHandler: authenticationMethods(location),
    hostVerifier: (key: Uint8Array) => {
      const verdict = judgeHostKey(known, location.host, port, key);
      if (verdict === "known") return true;
      hostKeyProblem = `the host's key ${fingerprint(key)} is ${PROBLEMS[verdict]}`;
      return false;
    },
  });

  const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
  return {
    readable: output.readable,
    writable: input.writable,
    diagnose: async () => {
      client.end();
      await closed;
      return words.trim().replaceAll(/\s*\n\s*/g, "; ");
    },
    close: async () => {
      client.end();
      await closed;
    },
  };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  unknown: "not in known_hosts; connect once with ssh to check and add it",
  changed: "not the one in known_hosts: it was changed, or somebody else answers in the host's place",
  revoked: "marked as revoked in known_hosts",
};

function describe(error: Error): string {
  const text = messageOf(error);
  return /All configured authentication methods failed/.test(text)
    ? "the host accepts none of the agent's keys and key files"
    : text;
}

/** RSA keys are offered under newer names, too. */
function algorithmsOf(type: string): string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}

function authenticationMethods(location: SshLocation): AuthMethod[] {
  const username = location.user ?? userInfo().username;
  const methods: AuthMethod[] = [];
  const agent = Deno.env.get("SSH_AUTH_SOCK");
  if (agent !== undefined && agent !== "") methods.push({ type: "agent", username, agent });
  for (const name of KEY_FILES) {
    const key = readIfThere(join(homedir(), ".ssh", name));
    // A key with a passphrase is the agent's business.
    if (key !== undefined && !(ssh2.utils.parseKey(key) instanceof Error)) {
      methods.push({ type: "publickey", username, key });
    }
  }
  return methods;
}

function readKnownHosts(): string {
  const files = [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
  return files.map((path) => readIfThere(path) ?? "").join("\n");
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

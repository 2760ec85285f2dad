/**
 * A connection over ssh without the ssh program: for systems that have none. It uses the agent and the usual key files,
 * and refuses hosts whose keys are not in known_hosts.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { connect } from "node:net";
import { homedir, userInfo } from "node:os";
import { join } from "../system/paths.ts";
import { Readable, Writable } from "node:stream";
import type { Channel } from "./ssh2.d.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import type { Connection } from "../../stores/protocol/connection.ts";
import { fingerprint, judgeHostKey, knownKeyTypes } from "./known_hosts.ts";
import { mayReadSystem } from "../system/permitted.ts";
import { ssh2 } from "./load_ssh2.ts";
import { lastWords } from "./last_words.ts";
import type { RemoteService, SshLocation } from "./ssh_location.ts";
import { readUserFile } from "./user_file.ts";
import { userKeys } from "./user_keys.ts";

const CONNECT_TIMEOUT_MS = 20_000;
const KEPT_WORDS = 2000;
/** A connection that is over gets so long to end by itself. */
const PATIENCE_MS = 1000;

/** The user's name, `undefined` when it may not be asked for. */
function userName(): string | undefined {
  return ["uid", "gid", "username"].every(mayReadSystem) ? userInfo().username : undefined;
}

/** Connects and starts what serves the store. */
export function connectBuiltin(service: RemoteService, location: SshLocation): Connection {
  const username = location.user ?? userName();
  if (username === undefined) {
    throw new DesyncError("usage", {
      action: "reach",
      subject: location.redacted,
      reason: "no user is given",
      hint: "add a user, as in ssh://user@host/path or sftp://user@host/path",
    });
  }
  const client = new ssh2.Client();
  let channel: Channel | undefined;
  let words = "";
  let status: number | null = null;
  let hostKeyProblem: string | undefined;
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const fail = (text: string) => {
    words ||= text;
    output.writable.abort(new DesyncError("store", { reason: text })).catch(() => {});
    input.readable.cancel().catch(() => {});
    client.end();
  };

  client.on("error", (error) => {
    // An agent that is gone is not the only way to prove who the user is.
    if (error.level !== "agent") fail(hostKeyProblem ?? describe(error, hints));
  });
  client.on("ready", () => {
    client.setNoDelay(true);
    const use = (error: Error | undefined, started: Channel) => {
      if (error !== undefined) return fail(messageOf(error));
      channel = started;
      started.stderr.on("data", (piece: Uint8Array) => {
        words = (words + new TextDecoder().decode(piece)).slice(-KEPT_WORDS);
      });
      started.on("exit", (code: number | null) => {
        if (code !== 0) status = code;
      });
      // Not when its output ends: its last words and its status come after that.
      started.on("close", () => client.end());
      const remote = Readable.toWeb(started) as ReadableStream<Uint8Array>;
      // However it ends, this side sees an end; why is in the words and the status.
      remote.pipeTo(output.writable, { preventAbort: true })
        .catch(() => output.writable.close()).catch(() => {});
      const local = Writable.toWeb(started) as WritableStream<Uint8Array>;
      input.readable.pipeTo(local, { preventAbort: true }).catch(() => started.end());
    };
    if ("command" in service) client.exec(service.command, use);
    else client.subsys(service.subsystem, use);
  });

  const known = readKnownHosts();
  const { methods, hints } = userKeys(username);
  const port = location.port ?? 22;
  const socket = connect({ host: location.host, port, noDelay: true });
  client.connect({
    sock: socket,
    username,
    readyTimeout: CONNECT_TIMEOUT_MS,
    keepaliveInterval: 15_000,
    algorithms: {
      hmac: HMACS,
      serverHostKey: keyAlgorithms(knownKeyTypes(known, location.host, port)),
      ...(hasGcm() ? {} : { cipher: ["aes128-ctr", "aes192-ctr", "aes256-ctr"] }),
    },
    authHandler: methods,
    hostVerifier: (key: Uint8Array) => {
      const verdict = judgeHostKey(known, location.host, port, key);
      if (verdict === "known") return true;
      hostKeyProblem = `the host's key ${fingerprint(key)} is ${PROBLEMS[verdict]}`;
      return false;
    },
  });

  const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
  const end = async () => {
    const timer = setTimeout(() => socket.destroy(), channel === undefined ? 0 : PATIENCE_MS);
    await closed;
    clearTimeout(timer);
  };
  return {
    readable: output.readable,
    writable: input.writable,
    diagnose: async () => {
      await end();
      return lastWords(service, "the command", status, words);
    },
    close: end,
  };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  unknown: "not in known_hosts; connect once with ssh to check and add it",
  changed: "not the one in known_hosts: it was changed, or another host answers in its place",
  revoked: "marked as revoked in known_hosts",
};

function describe(error: Error, hints: ReadonlySet<string>): string {
  const text = messageOf(error);
  if (!/All configured authentication methods failed/.test(text)) return text;
  const words = [...hints].map((hint) => ` (${hint})`).join("");
  return `the host accepts none of the agent's keys and key files${words}`;
}

/** What signs with each type of key, in the order in which the types are liked. */
const KEY_ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  // Without the algorithm of the same name, which signs SHA-1.
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** Those of the package without SHA-1. */
const HMACS = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
];

/** The types that are known for the host come first; a host that has none of them is refused with its fingerprint. */
function keyAlgorithms(known: readonly string[]): string[] {
  const types = new Set([...known, ...Object.keys(KEY_ALGORITHMS)]);
  return [...types].flatMap((type) => KEY_ALGORITHMS[type] ?? []);
}

/** Whether the package's first choice of ciphers can be had: Deno 2.6 lacks what it calls. */
function hasGcm(): boolean {
  const [key, nonce] = [new Uint8Array(16), new Uint8Array(12)];
  const seal = createCipheriv("aes-128-gcm", key, nonce);
  seal.final();
  const opened = createDecipheriv("aes-128-gcm", key, nonce).setAuthTag(seal.getAuthTag());
  opened.setAutoPadding(false);
  try {
    opened.final();
    return true;
  } catch {
    return false;
  }
}

function readKnownHosts(): string {
  const files = [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
  return files.map((path) => readUserFile(path) ?? "").join("\n");
}

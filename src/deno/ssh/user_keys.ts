/**
 * The keys that prove to a host who the user is: those of the agent, and the usual key files. None of them signs with
 * SHA-1, as DSA keys always do and RSA keys once did.
 */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "../system/paths.ts";
import { environment, ownIds } from "../system/permitted.ts";
import { ssh2 } from "./load_ssh2.ts";
import type { Agent, AuthMethod, ParsedKey } from "./ssh2.d.ts";
import { readUserFile } from "./user_file.ts";

const KEY_FILES = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** What RSA keys sign with, and the hash of each (RFC 8332). */
const RSA_ALGORITHMS: readonly RsaAlgorithm[] = [["rsa-sha2-512", "sha512"], ["rsa-sha2-256", "sha256"]];
type RsaAlgorithm = readonly [name: string, hash: string];

const RSA_HINT = "RSA keys sign with SHA-2 only: for a host that accepts only SHA-1, use an ed25519 key";

/** The ways to prove who the user is. */
export interface UserKeys {
  /** In the order in which they are tried. */
  readonly methods: AuthMethod[];
  /** What may help when the host accepts none of them. Complete once all were tried. */
  readonly hints: ReadonlySet<string>;
}

/** The agent's keys and the key files. */
export function userKeys(username: string): UserKeys {
  const hints = new Set<string>();
  const keys = keysInFiles(hints);
  const socket = environment("SSH_AUTH_SOCK");
  // Hosts count what they refuse, and nearly all accept the first algorithm: the second comes after all keys.
  const methods = RSA_ALGORITHMS.flatMap((algorithm): AuthMethod[] => {
    const signers = (keys: readonly ParsedKey[]) => keys.flatMap((key) => signersOf(key, algorithm, hints));
    const files = signers(keys).map((key) => ({ type: "publickey", username, key } as const));
    if (socket === "") return files;
    return [{ type: "agent", username, agent: new Sha2Agent(ssh2.createAgent(socket), signers) }, ...files];
  });
  return { methods, hints };
}

function keysInFiles(hints: Set<string>): ParsedKey[] {
  const keys: ParsedKey[] = [];
  for (const name of KEY_FILES) {
    const path = join(homedir(), ".ssh", name);
    const text = readUserFile(path);
    const key = text === undefined ? undefined : ssh2.utils.parseKey(text);
    // A key with a passphrase is the agent's business.
    if (key === undefined || key instanceof Error) continue;
    if (isOpen(path)) hints.add(`${path} is not used, as others may read it: chmod 600 ${path}`);
    else keys.push(key);
  }
  return keys;
}

/** Whether others may use a file of this user's, as ssh looks at it. */
function isOpen(path: string): boolean {
  if (Deno.build.os === "windows") return false;
  const { mode, uid } = statSync(path);
  return (mode & 0o077) !== 0 && uid === (ownIds()?.uid ?? uid);
}

/**
 * The key as it is used in the round of this algorithm, if at all. ssh2 would choose the algorithm of an RSA key by what
 * the host announces, and falls back to SHA-1; the type of any other key is its algorithm.
 */
function signersOf(key: ParsedKey, [type, hash]: RsaAlgorithm, hints: Set<string>): ParsedKey[] {
  if (key.type === "ssh-dss") return [];
  if (key.type !== "ssh-rsa") return type === RSA_ALGORITHMS[0][0] ? [key] : [];
  hints.add(RSA_HINT);
  const sign = (data: Uint8Array) => key.sign(data, hash);
  return [Object.assign(Object.create(key), { type, sign })];
}

/** Another agent, of whose keys some are used. */
class Sha2Agent extends ssh2.BaseAgent implements Agent {
  readonly #agent: Agent;
  readonly #signers: (keys: readonly ParsedKey[]) => ParsedKey[];

  constructor(agent: Agent, signers: (keys: readonly ParsedKey[]) => ParsedKey[]) {
    super();
    this.#agent = agent;
    this.#signers = signers;
  }

  getIdentities(done: (error?: Error | null, keys?: readonly ParsedKey[]) => void): void {
    this.#agent.getIdentities((error, keys = []) => {
      if (error) return done(error);
      const parsed = keys.map((key) => ssh2.utils.parseKey(key))
        .filter((key): key is ParsedKey => !(key instanceof Error));
      done(undefined, this.#signers(parsed));
    });
  }

  sign(
    key: ParsedKey,
    data: Uint8Array,
    options: { hash?: string },
    done: (error?: Error | null, signature?: Uint8Array) => void,
  ): void {
    const hash = RSA_ALGORITHMS.find(([type]) => type === key.type)?.[1];
    if (hash === undefined) return this.#agent.sign(key, data, options, done);
    this.#agent.sign(key.getPublicSSH(), data, { hash }, (error, signature) => {
      // Old agents sign with SHA-1, whatever they are asked for.
      const isGood = signature !== undefined && key.verify(data, signature, hash) === true;
      if (error || !isGood) done(error ?? new Error("the agent does not sign with SHA-2"));
      else done(undefined, signature);
    });
  }
}

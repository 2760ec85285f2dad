/**
 * OpenSSH's known_hosts: is the key that a host shows the one that is known?
 *
 * A line is `[@marker] patterns keytype base64-key [comment]`. Patterns are separated by commas, may hold `*` and `?`,
 * and begin with `!` to exclude; a port other than 22 makes a host `[host]:port`. A hashed name is `|1|salt|hash`, the
 * HMAC-SHA1 of the name with that salt. Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
 */
import { createHash, createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { matchesTokens, parseWildcards } from "../../formats/wildcards.ts";

/** What the file says of a host's key. */
export type Verdict = "known" | "unknown" | "changed" | "revoked";

/** Judges the key, given in its wire format, that `host` shows at `port`. */
export function judgeHostKey(file: string, host: string, port: number, key: Uint8Array): Verdict {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  // The same bytes may be written in several ways.
  const isShown = (written: string) => Buffer.from(written, "base64").equals(key);
  const type = keyType(key);
  let verdict: Verdict = "unknown";
  for (const line of file.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0].startsWith("#")) continue;
    const marker = words[0].startsWith("@") ? words.shift() : undefined;
    const [patterns, lineType, lineKey] = words;
    if (lineKey === undefined || !matches(patterns, name)) continue;
    if (marker === "@revoked") {
      if (isShown(lineKey)) return "revoked";
      continue;
    }
    if (marker !== undefined) continue;
    if (isShown(lineKey)) verdict = "known";
    else if (lineType === type && verdict === "unknown") verdict = "changed";
  }
  return verdict;
}

/** The types of keys that the file knows for the host, so that the host can be asked for one of those. */
export function knownKeyTypes(file: string, host: string, port: number): string[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const types = new Set<string>();
  for (const line of file.split("\n")) {
    const [patterns, type, key] = line.trim().split(/\s+/);
    if (key === undefined || patterns.startsWith("#") || patterns.startsWith("@")) continue;
    if (matches(patterns, name)) types.add(type);
  }
  return [...types];
}

/** The key's fingerprint as ssh shows it: `SHA256:…`. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replaceAll("=", "")}`;
}

/** A key in its wire format begins with its type: u32 length, big-endian, and that many bytes. */
function keyType(key: Uint8Array): string {
  const buffer = Buffer.from(key);
  return buffer.length < 4 ? "" : buffer.subarray(4, 4 + buffer.readUInt32BE(0)).toString("latin1");
}

function matches(patterns: string, name: string): boolean {
  let found = false;
  for (const pattern of patterns.split(",")) {
    if (pattern.startsWith("|1|")) found ||= matchesHash(pattern, name);
    else if (pattern.startsWith("!")) {
      if (matchesGlob(pattern.slice(1), name)) return false;
    } else found ||= matchesGlob(pattern, name);
  }
  return found;
}

function matchesHash(pattern: string, name: string): boolean {
  const [, , salt, hash] = pattern.split("|");
  if (salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

function matchesGlob(pattern: string, name: string): boolean {
  return matchesTokens(parseWildcards(pattern.toLowerCase()), name);
}

/** OpenSSH's known_hosts, and the keys that hosts show. */
import { ok } from "node:assert/strict";
import { fingerprint, judgeHostKey, knownKeyTypes } from "../../src/deno/ssh/known_hosts.ts";
import { splitLines, type Target, words } from "../target.ts";

const type = new TextEncoder().encode("ssh-ed25519");
const key = Uint8Array.from([0, 0, 0, 11, ...type, 0, 0, 0, 32, ...Array.from({ length: 32 }, (_, i) => i)]);
const shown = btoa(String.fromCharCode(...key));

export const knownHosts: Target = {
  name: "known_hosts",
  codes: [],
  words: words(
    "*",
    "?",
    "!",
    ",",
    "|1|",
    "@revoked ",
    "@cert-authority ",
    "[host]:2222",
    "host",
    shown,
    "#",
    "\t",
    "[",
    "(",
  ),
  seeds: () =>
    words(
      `host,10.0.0.1 ssh-ed25519 ${shown} comment\n[host]:2222 ssh-ed25519 ${shown}\n`,
      `# comment\n@revoked * ssh-ed25519 ${shown}\n`,
      `*.example.org,!a.example.org,h?st ssh-rsa AAAA\nHOST ssh-ed25519 BBBB\n`,
      `|1|dGhpcyBpcyBhIHNhbHQgMTIz|MDEyMzQ1Njc4OTAxMjM0NTY3ODk= ssh-ed25519 ${shown}\n`,
    ),
  split: splitLines,
  check(input) {
    const file = new TextDecoder().decode(input);
    const seen: string[] = [];
    for (const [host, port] of [["host", 22], ["HOST", 2222], ["::1", 22], ["a".repeat(253), 22]] as const) {
      const verdict = judgeHostKey(file, host, port, key);
      if (verdict === "known") ok(knownKeyTypes(file, host, port).length > 0, "a known key of no known type");
      seen.push(verdict);
    }
    // The host chooses its key's bytes.
    judgeHostKey(file, "host", 22, input);
    ok(fingerprint(input).startsWith("SHA256:"));
    return seen.join(" ");
  },
};

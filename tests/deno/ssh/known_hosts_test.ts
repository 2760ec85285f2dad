import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { fingerprint, judgeHostKey, knownKeyTypes, type Verdict } from "../../../src/deno/ssh/known_hosts.ts";
import { Random } from "../../support/random.ts";

/** A public key in its wire format. */
function key(type: string, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + type.length + 37);
  new DataView(bytes.buffer).setUint32(0, type.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(new Random(seed).bytes(37), 4 + type.length);
  return bytes;
}

const [ed25519, otherEd25519] = [key("ssh-ed25519", 1), key("ssh-ed25519", 2)];
const [ecdsa, rsa] = [key("ecdsa-sha2-nistp256", 3), key("ssh-rsa", 4)];

/** Type and key as they stand in a line. */
function written(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer).getUint32(0);
  return `${new TextDecoder().decode(bytes.subarray(4, 4 + length))} ${
    Buffer.from(bytes).toString("base64")
  }`;
}

function hashed(name: string): string {
  const salt = Buffer.from(new Random(name.length).bytes(20));
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

const good = written(ed25519);
const other = written(otherEd25519);

/** Lines of the file, and what they say of the key `good` at host.example. */
const cases: [name: string, lines: string[], verdict: Verdict, port?: number][] = [
  ["nothing", [], "unknown"],
  ["the host", [`host.example ${good}`], "known"],
  ["with a comment, blanks and an end of line from Windows", [` host.example\t ${good}  me@here\r`], "known"],
  ["among others", [`a.example,host.example,10.0.0.1 ${good}`], "known"],
  ["another host", [`a.example ${good}`], "unknown"],
  ["a longer name", [`myhost.example ${good}`, `host.example.org ${good}`], "unknown"],
  ["a dot is no pattern", [`hostXexample ${good}`], "unknown"],
  ["in capitals", [`HOST.Example ${good}`], "known"],
  ["another key", [`host.example ${other}`], "changed"],
  ["another key first", [`host.example ${other}`, `host.example ${good}`], "known"],
  ["another key last", [`host.example ${good}`, `host.example ${other}`], "known"],
  ["a key of another type", [`host.example ${written(ecdsa)}`], "unknown"],
  ["*", [`* ${good}`], "known"],
  ["a pattern", [`*.example ${good}`], "known"],
  ["a pattern with ?", [`h?st.exampl? ${good}`], "known"],
  ["? is one character", [`host?.example ${good}`], "unknown"],
  ["excluded", [`*,!host.example ${good}`], "unknown"],
  ["excluded by a pattern", [`!host.*,* ${good}`], "unknown"],
  ["only others excluded", [`*,!a.example ${good}`], "known"],
  ["nothing but an exclusion", [`!a.example ${good}`], "unknown"],
  ["excluded in one line alone", [`*,!host.example ${other}`, `host.example ${good}`], "known"],
  ["hashed", [`${hashed("host.example")} ${good}`], "known"],
  ["hashed, another key", [`${hashed("host.example")} ${other}`], "changed"],
  ["hashed, another host", [`${hashed("a.example")} ${good}`], "unknown"],
  ["hashed, damaged", [`|1|AAAA ${good}`, `|1| ${good}`, `|1|%|% ${good}`], "unknown"],
  ["another way of hashing", [`${hashed("host.example").replace("|1|", "|2|")} ${good}`], "unknown"],
  ["a port", [`[host.example]:2222 ${good}`], "known", 2222],
  ["a port, hashed", [`${hashed("[host.example]:2222")} ${good}`], "known", 2222],
  ["a port by a pattern", [`[*.example]:* ${good}`], "known", 2222],
  ["another port", [`[host.example]:2223 ${good}`], "unknown", 2222],
  ["no port", [`host.example ${good}`], "unknown", 2222],
  ["a port where none is", [`[host.example]:2222 ${good}`], "unknown"],
  ["revoked", [`@revoked host.example ${good}`], "revoked"],
  ["revoked after all", [`host.example ${good}`, `@revoked * ${good}`], "revoked"],
  ["revoked before all", [`@revoked * ${good}`, `host.example ${good}`], "revoked"],
  ["revoked, without padding", [`host.example ${good}`, `@revoked * ${good.replace(/=*$/, "")}`], "revoked"],
  [
    "revoked, under another type",
    [`host.example ${good}`, `@revoked * ${good.replace("ed25519 ", "x ")}`],
    "revoked",
  ],
  ["another key revoked", [`host.example ${good}`, `@revoked * ${other}`], "known"],
  ["revoked elsewhere", [`host.example ${good}`, `@revoked a.example ${good}`], "known"],
  ["an authority is no host", [`@cert-authority * ${good}`], "unknown"],
  ["an unknown marker", [`@something * ${good}`], "unknown"],
  ["a comment", [`# host.example ${good}`, `#host.example ${good}`], "unknown"],
  ["invalid lines", ["host.example", "host.example ssh-ed25519", "@revoked", "", "  "], "unknown"],
  [
    "what a regular expression would take",
    [`(host.example ${good}`, `[ ${good}`, `host.example| ${good}`],
    "unknown",
  ],
];
for (const [name, lines, verdict, port = 22] of cases) {
  Deno.test(`known_hosts, ${name}: ${verdict}`, () => {
    strictEqual(judgeHostKey(lines.join("\n"), "host.example", port, ed25519), verdict);
    strictEqual(judgeHostKey(lines.join("\n") + "\n", "HOST.example", port, ed25519), verdict);
  });
}

Deno.test("known_hosts: patterns of many stars, and a line of many blanks, take no time", () => {
  const name = "a".repeat(250);
  const lines = [
    `${"*a".repeat(100)}b ${good}`,
    `a${" ".repeat(1_000_000)}b`,
    `${"*".repeat(1_000_000)} ${good}`,
  ];
  strictEqual(judgeHostKey(lines.join("\n"), name, 22, ed25519), "known");
  strictEqual(judgeHostKey(lines[0], name, 22, ed25519), "unknown");
});

Deno.test("known_hosts: invalid keys", () => {
  for (const length of [0, 3, 4, 10]) {
    strictEqual(
      judgeHostKey(`host.example ${good}`, "host.example", 22, ed25519.slice(0, length)),
      "unknown",
    );
  }
});

Deno.test("known_hosts: the types that are known for a host", () => {
  const file = [
    `host.example ${written(rsa)}`,
    `${hashed("host.example")} ${good}`,
    `host.example ${other}`,
    `a.example ${written(ecdsa)}`,
    `@revoked host.example ${written(ecdsa)}`,
    `# host.example ${written(ecdsa)}`,
    "",
  ].join("\n");
  deepStrictEqual(knownKeyTypes(file, "host.example", 22), ["ssh-rsa", "ssh-ed25519"]);
  deepStrictEqual(knownKeyTypes(file, "host.example", 2222), []);
});

Deno.test("fingerprints are ssh-keygen's", () => {
  // ssh-keygen -lf of this key.
  const shown = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
  strictEqual(
    fingerprint(Buffer.from(shown, "base64")),
    "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA",
  );
});

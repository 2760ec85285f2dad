/** netrc: users and passwords. */
import { ok } from "node:assert/strict";
import { netrcUser } from "../../src/deno/net/netrc.ts";
import { splitLines, type Target, words } from "../target.ts";

export const netrc: Target = {
  name: "netrc",
  codes: [],
  words: words(
    "machine ",
    "login ",
    "password ",
    "default ",
    "account ",
    "macdef init\n",
    '"',
    "\\",
    "#",
    "\n\n",
    "\r\n",
    " ",
  ),
  seeds: () =>
    words(
      "machine host login me password secret\nmachine other password x\n",
      'machine host\n  login "a b\\"c"\n  password "\\\\"\n# comment\n',
      "macdef init\ncd /\n\nmachine host login a account b password c\ndefault login x password y\n",
    ),
  split: splitLines,
  check(input) {
    const found = netrcUser(new TextDecoder().decode(input), "host");
    if (found === undefined) return "none";
    ok(typeof found.login === "string" && typeof found.password === "string");
    return `${found.login === ""} ${found.password.length < 3}`;
  },
};

import { deepStrictEqual } from "node:assert/strict";
import { netrcUser } from "../../../src/deno/net/netrc.ts";

const text = `
# machine commented.example login no password no
machine one.example login me password secret1
machine two.example
  login "you and I" password "se\\"cret 2"
  account x
machine three.example login only
machine four.example password #4
machine five.example login passwd passwd password
macdef init
machine macro.example login no password no

default login anyone password nothing
machine one.example login other password later
`;

Deno.test("users and passwords in a netrc file", () => {
  const found = (host: string) => netrcUser(text, host);
  deepStrictEqual(found("one.example"), { login: "me", password: "secret1" });
  deepStrictEqual(found("ONE.example"), { login: "me", password: "secret1" });
  deepStrictEqual(found("two.example"), { login: "you and I", password: 'se"cret 2' });
  deepStrictEqual(found("four.example"), { login: "", password: "#4" });
  deepStrictEqual(found("five.example"), { login: "passwd", password: "password" });
  for (
    const host of ["three.example", "macro.example", "commented.example", "example", "a.one.example", ""]
  ) {
    deepStrictEqual(found(host), undefined, host);
  }
  deepStrictEqual(netrcUser("machine", "h"), undefined);
  deepStrictEqual(netrcUser("login a machine h login", "h"), undefined);
});

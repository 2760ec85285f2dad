/** What `ssh://` locations may name. */
import { deepStrictEqual, throws } from "node:assert/strict";
import { parseSshLocation } from "../../../src/deno/ssh/ssh_location.ts";

Deno.test("hosts and users with characters for shells are refused: old versions of ssh pass them to one", () => {
  for (const host of ["a;b", "$(id)", "a`id`", "a&b", "a'b", 'a"b', "a(b", "a)b", "a{b}", "$HOME"]) {
    throws(() => parseSshLocation(`ssh://${host}/store`), { code: "usage" }, host);
  }
  for (
    const user of ["a;b", "$(id)", "a`id`", "a&b", "a'b", 'a"b', "a|b", "a<b", "a b -c", "a\\", "a\nb", "-l"]
  ) {
    throws(() => parseSshLocation(`ssh://${encodeURIComponent(user)}@host/store`), { code: "usage" }, user);
  }
  const good: [location: string, user: string | undefined, host: string][] = [
    ["ssh://host-1.example_x/store", undefined, "host-1.example_x"],
    ["ssh://me.x+y_z-1$@10.0.0.1/store", "me.x+y_z-1$", "10.0.0.1"],
    ["ssh://DOM%5Cme@[fe80::1]:22/store", "DOM\\me", "fe80::1"],
  ];
  for (const [location, user, host] of good) {
    const parsed = parseSshLocation(location);
    deepStrictEqual([parsed.user, parsed.host], [user, host]);
  }
});

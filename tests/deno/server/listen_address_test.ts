import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  displayAddress,
  type ListenAddress,
  parseListenAddress,
  passedSockets,
} from "../../../src/deno/server/listen_address.ts";

const good: [text: string, address: ListenAddress, displayed?: string][] = [
  [":8080", { kind: "port", host: undefined, port: 8080 }],
  [":http", { kind: "port", host: undefined, port: 80 }, ":80"],
  ["localhost:https", { kind: "port", host: "localhost", port: 443 }, "localhost:443"],
  ["127.0.0.1:0", { kind: "port", host: "127.0.0.1", port: 0 }],
  ["[::1]:80", { kind: "port", host: "::1", port: 80 }],
  ["[fe80::1%eth0]:80", { kind: "port", host: "fe80::1%eth0", port: 80 }],
  ["[]:80", { kind: "port", host: undefined, port: 80 }, ":80"],
  ["unix:socket", { kind: "path", path: "socket" }],
  ["unix:/run/s", { kind: "path", path: "/run/s" }],
  ["/run/a:b", { kind: "path", path: "/run/a:b" }, "unix:/run/a:b"],
  ["./s", { kind: "path", path: "./s" }, "unix:./s"],
  ["fd:3", { kind: "descriptor", fd: 3 }],
];
for (const [text, address, displayed = text] of good) {
  Deno.test(`the address ${text}`, () => {
    deepStrictEqual(parseListenAddress(text), address);
    strictEqual(displayAddress(address), displayed);
  });
}

const bad: [text: string, says: RegExp][] = [
  ["8080", /did you mean :8080\?/],
  ["", /such as :8080/],
  ["localhost", /such as :8080/],
  ["::1:80", /\[::1\]:8080/],
  [":", /"" is not a port/],
  [":65536", /from 0 to 65535/],
  [":-1", /"-1" is not a port/],
  [":8o", /"8o" is not a port/],
  [":0x50", /is not a port/],
  ["a b:80", /"a b" is not a host/],
  ["user@host:80", /is not a host/],
  ["[::1:80", /IPv6/],
  ["unix:", /no path/],
  ["/a\0b", /no path/],
  ["fd:2", /from 3/],
  ["fd:x", /not a socket/],
  [":toString", /is not a port/],
];
for (const [text, says] of bad) {
  Deno.test(`no address: ${JSON.stringify(text)}`, () => {
    throws(() => parseListenAddress(text), says);
  });
}

Deno.test("sockets of systemd are used by the process that they were passed to, and no other", () => {
  const set = (pid: string, count: string) => {
    Deno.env.set("LISTEN_PID", pid);
    Deno.env.set("LISTEN_FDS", count);
    return passedSockets();
  };
  try {
    deepStrictEqual(set(String(Deno.pid), "2"), [{ kind: "descriptor", fd: 3 }, {
      kind: "descriptor",
      fd: 4,
    }]);
    deepStrictEqual(set(String(Deno.pid + 1), "2"), []);
    deepStrictEqual(set(String(Deno.pid), "-1"), []);
    deepStrictEqual(set("", ""), []);
  } finally {
    Deno.env.delete("LISTEN_PID");
    Deno.env.delete("LISTEN_FDS");
  }
});

/** IP addresses as the system's calls take them. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { socketAddress } from "../../../../src/deno/net/http1/socket_address.ts";
import { toHex } from "../../../../src/core/bytes.ts";

/** The bytes of the address alone, in hexadecimal digits. */
function addressIn(text: string): string | undefined {
  const place = socketAddress(text, 8080);
  if (place === undefined) return undefined;
  const { bytes } = place;
  return toHex(bytes.length === 16 ? bytes.slice(4, 8) : bytes.slice(8, 24));
}

Deno.test("addresses have their places in the structures", () => {
  deepStrictEqual([...socketAddress("127.0.0.1", 0x1234)!.bytes.slice(2)], [
    0x12,
    0x34,
    127,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
  strictEqual(socketAddress("127.0.0.1", 80)!.family, 2);
  const six = socketAddress("::1", 0x1234)!;
  deepStrictEqual([six.family, six.bytes.length, ...six.bytes.slice(2, 8)], [10, 28, 0x12, 0x34, 0, 0, 0, 0]);
});

Deno.test("all ways to write an address", () => {
  const texts: Readonly<Record<string, string | undefined>> = {
    "192.168.1.255": "c0a801ff",
    "::": "0".repeat(32),
    "::1": "1".padStart(32, "0"),
    "fe80::": "fe80".padEnd(32, "0"),
    "2001:db8::a:0:1": "20010db800000000" + "0000000a00000001",
    "1:2:3:4:5:6:7:8": "00010002000300040005000600070008",
    "::ffff:10.0.0.1": "ffff0a000001".padStart(32, "0"),
    "1:2:3:4:5:6:10.0.0.1": "0001000200030004000500060a000001",
    "10.0.0": undefined,
    "10.0.0.256": undefined,
    "": undefined,
    "localhost": undefined,
    "fe80::1%eth0": undefined,
    "1:2:3:4:5:6:7": undefined,
    "1:2:3:4:5:6:7:8:9": undefined,
    "1:2:3:4::5:6:7:8": undefined,
    "::1::": undefined,
    "12345::": undefined,
    "10.0.0.1::": undefined,
  };
  for (const [text, bytes] of Object.entries(texts)) strictEqual(addressIn(text), bytes, text);
});

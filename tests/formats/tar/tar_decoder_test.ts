import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { TarDecoder } from "../../../src/formats/tar/tar_decoder.ts";
import type { TarMember } from "../../../src/formats/tar/tar_member.ts";
import { joined } from "../../support/data/joined.ts";
import { random } from "../../support/random.ts";
import { member, type MemberFields, pax, tarOf } from "../../support/data/tar_bytes.ts";
import { amount } from "../../support/thorough.ts";

const findId = (_: string, name: string) => name.length + 1000;
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

interface Seen {
  member: TarMember;
  bytes: Uint8Array;
}

function decode(...pieces: Uint8Array[]): Seen[] {
  const decoder = new TarDecoder(findId);
  const tar = joined(pieces);
  const seen: Seen[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let member = decoder.next(); member !== null; member = decoder.next()) {
      const { offset } = decoder;
      seen.push({ member, bytes: tar.slice(offset, offset + member.storedSize) });
    }
  }
  decoder.finish();
  return seen;
}

function one(...blocks: Uint8Array[]): TarMember {
  const seen = decode(tarOf(...blocks));
  strictEqual(seen.length, 1);
  return seen[0].member;
}

function refuses(tar: Uint8Array, says: RegExp, code = "invalid-archive"): void {
  throws(() => decode(tar), (error: Error & { code?: string }) => {
    strictEqual(error.code, code, error.stack);
    match(error.message, says);
    return true;
  });
}

const mixed = tarOf(
  pax([["comment", "for all"], ["uname", "everybody"]], "g"),
  member("a", { content: "x".repeat(700), user: "me" }),
  member("././@LongLink", { type: "L", content: `${"long/".repeat(40)}name\0` }),
  member("cut", { content: "y", magic: "ustar  \0" }),
  pax([["path", "ü"], ["mtime", "1.5"], ["SCHILY.xattr.user.a", "v\nw"], ["size", "3"]]),
  member("z", { size: "0", content: "" }),
  joined([new TextEncoder().encode("abc"), new Uint8Array(509)]),
  pax([["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"], ["GNU.sparse.name", "s"], [
    "GNU.sparse.realsize",
    "2000",
  ]]),
  member("GNUSparseFile.0/s", {
    content: joined([
      new TextEncoder().encode("1\n1000\n4\n".padEnd(512, "\0")),
      new TextEncoder().encode("data"),
    ]),
  }),
  member("d/", { type: "5" }),
);

Deno.test("a tar in pieces of any size is the same", () => {
  const whole = decode(mixed);
  deepStrictEqual(whole.map(({ member }) => text(member.path)), [
    "a",
    `${"long/".repeat(40)}name`,
    "ü",
    "s",
    "d/",
  ]);
  deepStrictEqual(whole.map(({ bytes }) => bytes.length), [700, 1, 3, 4, 0]);
  deepStrictEqual(whole.map(({ member }) => member.size), [700, 1, 3, 2000, 0]);
  deepStrictEqual(whole.map(({ member }) => member.user), Array(5).fill("everybody"));
  deepStrictEqual(whole[2].member.xattrs, [{ name: "user.a", value: new TextEncoder().encode("v\nw") }]);
  strictEqual(whole[2].member.mtime, 1_500_000_000n);
  deepStrictEqual(whole[3].member.sparse, [{ offset: 1000, length: 4 }]);
  for (const size of [1, 2, 7, 100, 511, 512, 513, 1000, 5000]) {
    const pieces = [];
    for (let at = 0; at < mixed.length; at += size) pieces.push(mixed.subarray(at, at + size));
    deepStrictEqual(decode(...pieces, new Uint8Array(0)), whole, `pieces of ${size}`);
  }
});

Deno.test("a tar's beginning alone is an error, but for what is behind the first block of zeros", () => {
  for (let end = 0; end < mixed.length; end += 100) {
    if (end < mixed.length - 512) {
      refuses(mixed.subarray(0, end), end === 0 ? /empty/ : /ends after \d+ bytes/);
    } else strictEqual(decode(mixed.subarray(0, end)).length, 5);
  }
});

Deno.test("members whose bytes are left out at once", () => {
  const decoder = new TarDecoder(findId);
  const names: string[] = [];
  const places: string[] = [];
  for (let at = 0; at < mixed.length && !decoder.done;) {
    decoder.push(mixed.subarray(at, at + 300));
    at += 300;
    for (let next = decoder.next(); next !== null;) {
      names.push(text(next.path));
      places.push(text(mixed.subarray(decoder.offset, decoder.offset + next.storedSize)));
      const skip = decoder.skipData();
      at += skip;
      next = skip > 0 ? null : decoder.next();
    }
  }
  ok(decoder.done);
  deepStrictEqual(names.slice(2), ["ü", "s", "d/"]);
  deepStrictEqual(places.slice(1), ["y", "abc", "data", ""]);
});

const numbers: [MemberFields, Partial<TarMember>][] = [
  [{ uid: "  17 ", gid: "7\0" }, { uid: 15, gid: 7 }],
  [{ uid: "", gid: "       " }, { uid: 0, gid: 0 }],
  [{ more: [[108, Uint8Array.of(0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe)]] }, { uid: 0xfffffffe }],
  [{ more: [[136, new Uint8Array(12).fill(0xff)]] }, { mtime: -1_000_000_000n }],
  [{ mode: "0107755" }, { mode: 0o7755 }],
  [{ user: "x".repeat(32) }, { user: "x".repeat(32) }],
  [{ magic: "\0".repeat(8), user: "ignored" }, { user: undefined }],
];
for (const [fields, expected] of numbers) {
  Deno.test(`numbers of a header: ${JSON.stringify(fields)}`, () => {
    const { member: seen } = { member: one(member("a", fields)) };
    for (const [key, value] of Object.entries(expected)) {
      deepStrictEqual(seen[key as keyof TarMember], value, key);
    }
  });
}

Deno.test("names", () => {
  strictEqual(text(one(member("name", { prefix: "pre/fix" })).path), "pre/fix/name");
  strictEqual(text(one(member("name", { prefix: "x".repeat(155) })).path), `${"x".repeat(155)}/name`);
  strictEqual(text(one(member("n".repeat(100))).path), "n".repeat(100));
  // GNU tar has times there.
  strictEqual(text(one(member("name", { magic: "ustar  \0", prefix: "12345" })).path), "name");
  const star = one(
    member("name", { prefix: "x".repeat(131), more: [[476, "00000000001 00000000001 "], [508, "tar\0"]] }),
  );
  strictEqual(text(star.path), `${"x".repeat(131)}/name`);
  strictEqual(one(member("old/", { type: "\0", magic: "" })).kind, "directory");
  refuses(tarOf(member("")), /no right name/);
  refuses(tarOf(pax([["path", "a\0b"]]), member("x")), /no right name/);
  refuses(tarOf(member("a", { type: "2" })), /leads nowhere/);
});

Deno.test("types of members", () => {
  const kinds = ["0", "\0", "7", "1", "2", "3", "4", "5", "6", "D"].map((type) =>
    one(member("a", { type, link: "b" })).kind
  );
  deepStrictEqual(kinds, [
    "file",
    "file",
    "file",
    "link",
    "symlink",
    "char",
    "block",
    "directory",
    "fifo",
    "directory",
  ]);
  // Old programs tell the size of the file that a hard link is; there are no bytes for it.
  strictEqual(decode(tarOf(member("a", { type: "1", link: "b", size: "7777" }), member("c"))).length, 2);
  strictEqual(decode(tarOf(member("label", { type: "V", content: "x" }), member("c"))).length, 1);
  for (const type of ["M", "N", "A", "Z", "8"]) {
    refuses(tarOf(member("a", { type })), /another tar|none of tar.s own/, "unsupported");
  }
});

Deno.test("devices", () => {
  deepStrictEqual(one(member("a", { type: "3", major: "10", minor: "0000377" })).device, {
    major: 8,
    minor: 255,
  });
  const big: [number, Uint8Array][] = [[329, Uint8Array.of(0x80, 0, 1, 0, 0, 0, 0, 0)]];
  refuses(tarOf(member("a", { type: "4", more: big })), /device's numbers/);
});

Deno.test("extended headers", () => {
  const long = "x".repeat(3000);
  const seen = one(
    pax([["uid", "4000000000"], ["gname", long], ["linkpath", "to"], ["mtime", "-0.25"], ["ignored", "x"]]),
    member("a", { type: "2", link: "cut" }),
  );
  deepStrictEqual([seen.uid, seen.group, text(seen.target), seen.mtime], [
    4_000_000_000,
    long,
    "to",
    -250_000_000n,
  ]);
  // A later record replaces an earlier one, an empty one takes it back, a global one is for all that has none.
  const global = pax([["gname", "all"], ["uname", "all"]], "g");
  const own = one(
    global,
    pax([["uname", ""], ["gname", "one"], ["gname", "two"]]),
    member("a", { user: "header" }),
  );
  deepStrictEqual([own.user, own.group], ["header", "two"]);
  strictEqual(one(pax([["mtime", "1.1234567899"]]), member("a")).mtime, 1_123_456_789n);
  strictEqual(one(pax([["SCHILY.xattr.user.a%3Db%25", "1"]]), member("a")).xattrs[0].name, "user.a=b%");
});

Deno.test("wrong extended headers are refused", () => {
  const raw = (content: string) => tarOf(member("x", { type: "x", content }), member("a"));
  for (
    const content of [
      "99 path=a\n",
      "5 path=a\n",
      "x path=a\n",
      "path=a\n",
      "9 path=ab",
      "0 a=b\n",
      "6 =ab\n",
      "99999999999999999999 a=b\n",
      "9 pathab\n",
      "-1 a=b\n",
    ]
  ) {
    refuses(raw(content), /record/);
  }
  for (
    const [key, value] of [
      ["mtime", "soon"],
      ["uid", "-1"],
      ["size", "1e9"],
      ["size", "99999999999999999999"],
      ["mtime", "9".repeat(18)],
      ["uid", "4294967295"],
    ] as const
  ) {
    refuses(tarOf(pax([[key, value]]), member("a")), /number|time|range/);
  }
  refuses(
    tarOf(member("x", { type: "x", size: "77777777777" }), member("a")),
    /more than \d+ bytes of headers/,
  );
  refuses(
    tarOf(member("x", { type: "L", size: "77777777777" }), member("a")),
    /more than \d+ bytes of headers/,
  );
  const many = Array.from({ length: 9 }, () => pax([["comment", "x".repeat(1_000_000)]]));
  refuses(tarOf(...many, member("a")), /more than \d+ bytes of headers/);
  refuses(tarOf(pax([["path", "a"]])), /ends after an extended header/);
  refuses(tarOf(pax([["SCHILY.xattr.", "a"]]), member("a")), /no right name/);
  refuses(tarOf(pax([["SCHILY.xattr.user.a", "x".repeat(70_000)]]), member("a")), /too long/);
});

Deno.test("wrong headers are refused", () => {
  refuses(new Uint8Array(512).fill(65), /does not begin with a header/);
  refuses(tarOf(member("a", { checksum: "000000\0 " })), /checksum is wrong/);
  refuses(tarOf(member("a", { content: "x" }), new Uint8Array(512).fill(1)), /at byte 1024/);
  refuses(tarOf(member("a", { uid: "abc" })), /number \(uid\)/);
  refuses(tarOf(member("a", { more: [[124, new Uint8Array(12).fill(0xff)]] })), /size that no file has/);
  refuses(
    tarOf(member("a", { more: [[124, Uint8Array.of(0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]] })),
    /size that no file has/,
  );
  // Bytes as signed numbers, as old programs counted.
  const name = Uint8Array.of(0xff);
  const block = member(name);
  const sum = block.subarray(0, 512).reduce(
    (total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte << 24 >> 24),
    0,
  );
  strictEqual(one(member(name, { checksum: sum.toString(8).padStart(6, "0") })).path[0], 0xff);
});

Deno.test("wrong sparse files are refused", () => {
  const sparse = (map: string, size = "100", content = "12345678") =>
    tarOf(pax([["GNU.sparse.map", map], ["GNU.sparse.size", size]]), member("a", { content }));
  deepStrictEqual(decode(sparse("0,4,50,4"))[0].member.sparse, [{ offset: 0, length: 4 }, {
    offset: 50,
    length: 4,
  }]);
  refuses(sparse("0,4,50"), /not complete/);
  refuses(sparse("50,4,0,4"), /not in order/);
  refuses(sparse("0,4,2,4"), /not in order/);
  refuses(sparse("0,4,98,4"), /beyond its end/);
  refuses(sparse("0,4,50,5"), /not what the tar has/);
  refuses(sparse("0,4,x,4"), /list of parts is invalid/);
  refuses(sparse("0,4,99999999999999999999,4"), /list of parts is invalid/);
  const inData = (content: string) =>
    tarOf(
      pax([["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"], ["GNU.sparse.realsize", "100"]]),
      member("a", { content }),
    );
  refuses(inData("1\n0\n".padEnd(512, "9")), /list of parts is invalid/);
  refuses(inData("x\n".padEnd(512, "\0")), /list of parts is invalid/);
  refuses(inData("5\n"), /list of parts is invalid|shorter|ends/);
  const old = (more: [number, Uint8Array | string][]) =>
    tarOf(member("a", { type: "S", magic: "ustar  \0", more, content: "abcd" }));
  const rows: [number, string][] = [[386, "00000000010\x0000000000004\0"], [483, "00000000100"]];
  deepStrictEqual(decode(old(rows))[0].member.sparse, [{ offset: 8, length: 4 }]);
  refuses(old([[386, "00000000100\x0000000000004\0"], [483, "00000000100"]]), /beyond its end/);
  refuses(old([...rows, [482, "1"]]), /sparse part|parts/);
});

Deno.test("a sparse file's size without its parts is an error: the bytes behind are another member's", () => {
  const secret = member("secret", { content: "SECRET" });
  for (
    const records of [
      [["GNU.sparse.size", "1100"]],
      [["GNU.sparse.realsize", "1100"]],
      [["GNU.sparse.realsize", "3"]],
      [["GNU.sparse.major", "1"], ["GNU.sparse.minor", "1"], ["GNU.sparse.realsize", "1100"]],
    ] as [string, string][][]
  ) {
    refuses(tarOf(pax(records), member("a", { content: "hello" }), secret), /no list of its parts/);
    refuses(tarOf(pax(records, "g"), member("a", { content: "hello" }), secret), /no list of its parts/);
  }
  // The list of parts is never what another member has.
  const inData: [string, string][] = [["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"]];
  const list = member("b", { content: "0\n" });
  for (const fields of [{}, { type: "2", link: "b" }, { type: "5" }, { content: "0\n", size: "1" }]) {
    refuses(tarOf(pax(inData), member("a", fields), list.subarray(512)), /shorter than the list/);
  }
  deepStrictEqual(
    decode(tarOf(pax([["GNU.sparse.size", "5"]]), member("a", { content: "hello" }))).map(({ bytes }) =>
      text(bytes)
    ),
    ["hello"],
  );
  strictEqual(one(pax([["GNU.sparse.map", "0,5"], ["GNU.sparse.size", "5"]]), member("a/")).size, 0);
});

Deno.test("access lists as text", () => {
  const acl = (value: string) => one(pax([["SCHILY.acl.access", value]]), member("a")).acl;
  deepStrictEqual(acl("user::rw-\nuser:joe:r-x\ngroup::r--\ngroup:12:-w-\nmask::rwx\nother::---\n"), {
    users: [{ id: 1003, name: "joe", permissions: 5 }],
    groups: [{ id: 12, name: "", permissions: 2 }],
    groupObj: 4,
  });
  deepStrictEqual(acl("user::rw-,user:joe:r--:77,group::r--,mask::rwx,other::---")?.users, [{
    id: 77,
    name: "joe",
    permissions: 4,
  }]);
  strictEqual(acl("user::rw-,group::r--,other::r--"), undefined);
  for (
    const bad of [
      "user::rw-",
      "nonsense",
      "user::q,group::r,other::r",
      "user::r,user:joe:r:99999999999,group::r,other::r",
    ]
  ) {
    throws(() => acl(bad), { code: "invalid-archive" });
  }
  const folder = one(
    pax([["SCHILY.acl.default", "user::rwx\ngroup::r-x\nother::---\n"]]),
    member("a/", { type: "5" }),
  );
  deepStrictEqual(folder.defaultAcl, {
    users: [],
    groups: [],
    owner: 7,
    groupObj: 5,
    others: 0,
    mask: undefined,
  });
});

Deno.test("random changes are an error or a tar", () => {
  const generator = random();
  let read = 0;
  for (let run = 0; run < amount(600, 3000); run++) {
    const bytes = mixed.slice();
    for (let i = 0; i <= run % 4; i++) bytes[generator.below(bytes.length)] = generator.below(256);
    // Most changes would only be noticed by the checksum.
    for (let at = 0; at < bytes.length; at += 512) {
      if (run % 2 === 0) mendChecksum(bytes.subarray(at, at + 512), mixed.subarray(at, at + 512));
    }
    try {
      decode(bytes);
      read++;
    } catch (error) {
      ok(
        ["invalid-archive", "unsupported"].includes((error as { code?: string }).code ?? ""),
        (error as Error).stack,
      );
    }
  }
  ok(read > 0 && read < amount(600, 3000));
});

function mendChecksum(block: Uint8Array, before: Uint8Array): void {
  if (text(before.subarray(257, 262)) !== "ustar") return;
  block.fill(32, 148, 156);
  block.set(new TextEncoder().encode(block.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0")), 148);
}

import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { ArchiveDecoder, type ArchiveEvent } from "../../../src/formats/archive/archive.ts";
import type { ArchiveNode } from "../../../src/formats/archive/archive_elements.ts";
import {
  type Content,
  device,
  directory,
  element,
  entry,
  fifo,
  file,
  named,
  nested,
  symlink,
  types,
} from "../../support/data/archive_bytes.ts";
import { joined } from "../../support/data/joined.ts";
import { random } from "../../support/random.ts";
import { testdata } from "../../support/testdata.ts";
import { amount } from "../../support/thorough.ts";

/** All that an archive says, a file's pieces joined so that they do not depend on how it was split. */
function decode(...pieces: Uint8Array[]): ArchiveEvent[] {
  const decoder = new ArchiveDecoder();
  const events: ArchiveEvent[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let event = decoder.next(); event !== null; event = decoder.next()) {
      const last = events.at(-1);
      if (event.type !== "data") events.push(event);
      else if (last?.type !== "data") events.push({ type: "data", bytes: event.bytes.slice() });
      else events[events.length - 1] = { type: "data", bytes: joined([last.bytes, event.bytes]) };
    }
  }
  decoder.finish();
  return events;
}

function nodes(archive: Uint8Array): ArchiveNode[] {
  return decode(archive).flatMap((event) => event.type === "node" ? [event.node] : []);
}

function refuses(archive: Uint8Array, says: RegExp): void {
  throws(() => decode(archive), (error: Error & { code?: string }) => {
    strictEqual(error.code, "invalid-archive", error.stack);
    match(error.message, says);
    return true;
  });
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const u64 = (...values: number[]) => new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);

const archives = ["tree.catar", "desync-tree.catar", "nodes.catar"];

for (const name of archives) {
  Deno.test(`${name} in pieces of any size is the same`, () => {
    const long = Deno.readFileSync(testdata(name));
    for (const size of [1, 2, 3, 7, 15, 16, 17, 63, 64, 65, 1000, 4096]) {
      const archive = size < 63 ? withoutLongFiles(long) : long;
      const whole = decode(archive);
      const pieces = [];
      for (let at = 0; at < archive.length; at += size) pieces.push(archive.subarray(at, at + size));
      deepStrictEqual(decode(...pieces, new Uint8Array(0)), whole, `pieces of ${size}`);
    }
  });

  Deno.test(`${name} cut in two at any place is the same, and its beginning alone is an error`, () => {
    const archive = withoutLongFiles(Deno.readFileSync(testdata(name)));
    const whole = decode(archive);
    for (let cut = 0; cut < archive.length; cut += amount(7, 1)) {
      const first = archive.subarray(0, cut);
      deepStrictEqual(decode(first, archive.subarray(cut)), whole, `cut at ${cut}`);
      refuses(first, cut === 0 ? /empty/ : /ends after \d+ bytes/);
    }
  });

  Deno.test(`${name} with random changes is an error or an archive`, () => {
    const archive = withoutLongFiles(Deno.readFileSync(testdata(name)));
    const generator = random(4711);
    let read = 0;
    const runs = amount(600, 3000);
    for (let run = 0; run < runs; run++) {
      const changed = mutate(archive, generator);
      try {
        checkNesting(decode(changed));
        read++;
      } catch (error) {
        strictEqual((error as { code?: string }).code, "invalid-archive", (error as Error).stack);
      }
    }
    ok(read < runs, "most changes are noticed");
  });
}

/** The archive's 100,000 bytes of one file would make every test of every place slow; they have no structure. */
function withoutLongFiles(archive: Uint8Array): Uint8Array {
  if (archive.length < 50_000) return archive;
  return directory([
    ["bin", directory([["run", file("#!/bin/sh\n")]])],
    ["data", file("x".repeat(300))],
    ["link", symlink("data")],
    ["null", device("char", 1, 3)],
    ["pipe", fifo()],
    ["pipe2", fifo()],
  ]);
}

function mutate(archive: Uint8Array, generator: ReturnType<typeof random>): Uint8Array {
  const bytes = archive.slice();
  const at = generator.below(bytes.length);
  switch (generator.below(4)) {
    case 0:
      bytes[at] ^= 1 << generator.below(8);
      return bytes;
    case 1:
      bytes.set(generator.bytes(Math.min(8, bytes.length - at)), at);
      return bytes;
    case 2:
      return joined([bytes.subarray(0, at), bytes.subarray(at + 1 + generator.below(64))]);
    default:
      return joined([bytes.subarray(0, at), bytes.subarray(generator.below(bytes.length))]);
  }
}

/** Every node has one end, and bytes come for files alone. */
function checkNesting(events: ArchiveEvent[]): void {
  const open: { kind: string; left: number }[] = [];
  for (const event of events) {
    const inside = open.at(-1);
    if (event.type === "node") {
      ok(inside === undefined || inside.kind === "directory");
      open.push({ kind: event.node.kind, left: event.node.size });
    } else if (event.type === "data") {
      strictEqual(inside?.kind, "file");
      inside.left -= event.bytes.length;
    } else if (event.type === "end") strictEqual(open.pop()?.left, 0);
  }
  strictEqual(open.length, 0);
}

Deno.test("a node has everything that its elements contain", () => {
  const more = [
    named(types.user, "somebody"),
    named(types.group, "staff"),
    element(types.xattr, new TextEncoder().encode("user.a\0value\0with")),
    named(types.xattr, "user.empty"),
    element(types.aclUser, u64(1000, 6)),
    element(types.aclUser, u64(1, 4), new TextEncoder().encode("daemon\0")),
    element(types.aclGroup, u64(12, 5)),
    element(types.aclGroupObj, u64(4)),
    named(types.selinux, "system_u:object_r:etc_t:s0"),
    element(types.fcaps, new Uint8Array(20).fill(1)),
    element(types.quotaProjectId, u64(77)),
  ];
  const [, node] = nodes(
    directory([["a", file("text", { mode: 0o4755, uid: 7, gid: 8, flags: 0x10000n, mtime: -1n }, ...more)]]),
  );
  const expected: ArchiveNode = {
    name: new TextEncoder().encode("a"),
    kind: "file",
    mode: 0o4755,
    features: 0xb000_0000_1000_1f22n,
    flags: 0x10000n,
    uid: 7,
    gid: 8,
    mtime: -1n,
    user: "somebody",
    group: "staff",
    xattrs: [
      { name: "user.a", value: new TextEncoder().encode("value\0with") },
      { name: "user.empty", value: new Uint8Array(0) },
    ],
    acl: {
      users: [{ id: 1000, name: "", permissions: 6 }, { id: 1, name: "daemon", permissions: 4 }],
      groups: [{ id: 12, name: "", permissions: 5 }],
      groupObj: 4,
    },
    defaultAcl: undefined,
    fcaps: new Uint8Array(20).fill(1),
    selinux: "system_u:object_r:etc_t:s0",
    projectId: 77,
    size: 4,
  };
  deepStrictEqual(node, expected);
});

Deno.test("a directory's default access list", () => {
  const beginning = new Uint8Array(BigUint64Array.of(7n, 5n, 0n, 2n ** 64n - 1n).buffer);
  const user = element(types.aclDefaultUser, u64(1, 6), new TextEncoder().encode("daemon\0"));
  const [root] = nodes(directory([], { more: [element(types.aclDefault, beginning), user] }));
  deepStrictEqual(root.defaultAcl, {
    owner: 7,
    groupObj: 5,
    others: 0,
    mask: undefined,
    users: [{ id: 1, name: "daemon", permissions: 6 }],
    groups: [],
  });
  refuses(directory([], { more: [user] }), /no beginning/);
});

Deno.test("every kind of node", () => {
  const archive = directory([
    ["b", device("block", 8, 1)],
    ["c", device("char", 5, 300)],
    ["d", directory()],
    ["e", file("")],
    ["p", fifo()],
    ["s", entry(0o140000, 0o755)],
    ["z", symlink("a/b")],
  ]);
  const seen = nodes(archive);
  deepStrictEqual(seen.map(({ kind }) => kind), [
    "directory",
    "block",
    "char",
    "directory",
    "file",
    "fifo",
    "socket",
    "symlink",
  ]);
  deepStrictEqual(seen.map(({ name }) => text(name)), ["", "b", "c", "d", "e", "p", "s", "z"]);
  deepStrictEqual(seen[2].device, { major: 5, minor: 300 });
  strictEqual(text(seen[7].target), "a/b");
  checkNesting(decode(archive));
});

Deno.test("the root may be a file", () => {
  deepStrictEqual(decode(file("text")).map(({ type }) => type), ["node", "data", "end"]);
  refuses(fifo(), /before it is complete/);
});

Deno.test("names in no order and twice, as desync writes them from tar files", () => {
  const seen = nodes(directory([["b", file("1")], ["a", file("2")], ["b", file("3")]]));
  deepStrictEqual(seen.map(({ name }) => text(name)), ["", "b", "a", "b"]);
});

Deno.test("names without a node, as desync writes them for pipes and sockets", () => {
  const nothing = new Uint8Array(0);
  const archive = directory([["a", file("1")], ["b", nothing], ["c", nothing], [
    "d",
    directory([["e", nothing]]),
  ]]);
  deepStrictEqual(decode(archive).map((event) => event.type === "omitted" ? text(event.name) : event.type), [
    "node",
    "node",
    "data",
    "end",
    "b",
    "c",
    "node",
    "e",
    "end",
    "end",
  ]);
  refuses(directory([["b", nothing]], { table: () => [] }), /does not name/);
});

const badNames: [Content, RegExp][] = [
  ["", /filename/],
  [".", /name is \./],
  ["..", /name is \.\./],
  ["a/b", /has a \//],
  ["/", /has a \//],
  ["../x", /has a \//],
  ["a\0b", /does not end/],
  ["\0", /does not end/],
  ["x".repeat(256), /272|273/],
];
for (const [name, says] of badNames) {
  Deno.test(`the name ${JSON.stringify(String(name).slice(0, 20))} is refused`, () => {
    refuses(directory([[name, file("x")]]), says);
  });
}

Deno.test("names that look dangerous and are not", () => {
  for (
    const name of [
      "...",
      ".a",
      "..a",
      "a..",
      "x".repeat(255),
      "a\\b",
      "C:",
      " ",
      "\n",
      Uint8Array.of(0xff, 0xfe),
    ]
  ) {
    strictEqual(nodes(directory([[name, file("x")]])).length, 2);
  }
});

Deno.test("misplaced elements are refused", () => {
  const payload = element(types.payload, new Uint8Array(3));
  const fileHead = entry(0o100000, 0o644);
  refuses(payload, /payload/);
  refuses(named(types.filename, "a"), /filename/);
  refuses(named(types.user, "a"), /user/);
  refuses(joined([fileHead, fileHead]), /entry/);
  refuses(joined([fileHead, named(types.symlink, "a")]), /symlink/);
  refuses(directory([["a", fileHead], ["b", file()]]), /filename/);
  refuses(directory([["a", joined([file("x"), payload])]]), /payload/);
  refuses(directory([["a", joined([symlink("x"), named(types.user, "a")])]]), /user/);
  refuses(directory([["a", joined([fifo(), payload])]]), /payload/);
  refuses(directory([["a", entry(0o120000, 0o777)]]), /goodbye/);
  refuses(joined([directory(), directory()]), /follows its end/);
  refuses(joined([file("a"), Uint8Array.of(0)]), /follows its end/);
  const [user, group] = [named(types.user, "u"), named(types.group, "g")];
  refuses(file("", {}, group, user), /\(user\)/);
  refuses(file("", {}, user, user), /\(user\)/);
  refuses(file("", {}, element(types.fcaps, new Uint8Array(20)), named(types.xattr, "user.a")), /\(xattr\)/);
  refuses(file("", {}, named(types.xattr, "user.a"), named(types.xattr, "user.a")), /twice/);
});

Deno.test("invalid values are refused", () => {
  refuses(entry(0o000000, 0o644), /no known kind/);
  refuses(entry(0o1100000, 0o644), /no known kind/);
  refuses(file("", { uid: 0xffffffff }), /owner's number/);
  refuses(file("", { gid: 2 ** 40 }), /owner's number/);
  refuses(element(types.entry, new Uint8Array(8)), /element of 24 bytes \(entry\)/);
  refuses(symlink(""), /symlink/);
  refuses(symlink("x".repeat(4096)), /symlink/);
  refuses(device("char", 2 ** 33, 0), /device's numbers/);
  refuses(file("", {}, element(types.aclUser, u64(1, 8))), /permissions/);
  refuses(file("", {}, element(types.aclUser, u64(1, 7), Uint8Array.of(65))), /does not end/);
  refuses(file("", {}, element(types.xattr, new TextEncoder().encode("\0value"))), /attribute/);
  refuses(file("", {}, element(types.xattr, new TextEncoder().encode("user.a"))), /attribute/);
  refuses(file("", {}, element(types.xattr, new Uint8Array(70_000).fill(65))), /\(xattr\)/);
  refuses(directory([["a", file("", { features: 0n })]]), /feature flags change/);
  refuses(element(0x1234n, new Uint8Array(8)), /unknown type 0x1234/);
  const large = Array.from(
    { length: 70 },
    (_, i) => element(types.xattr, new TextEncoder().encode(`user.${i}\0`), new Uint8Array(65_000)),
  );
  refuses(file("", {}, ...large), /more than 4194304 bytes/);
});

Deno.test("wrong sizes take no memory and no time", () => {
  const huge = new Uint8Array(16);
  const view = new DataView(huge.buffer);
  for (const type of Object.values(types)) {
    view.setBigUint64(8, type, true);
    for (const size of [0n, 15n, 2n ** 62n, 2n ** 64n - 1n]) {
      view.setBigUint64(0, size, true);
      refuses(joined([entry(0o040000, 0o755), huge]), /element|table|bytes/);
    }
  }
});

Deno.test("tables of children that do not name what is there", () => {
  const archive = (table: Parameters<typeof directory>[1]) =>
    directory([["a", file("1")], ["b", file("2")], ["c", file("3")]], table);
  strictEqual(nodes(archive({})).length, 4);
  refuses(archive({ table: (rows) => rows.slice(1) }), /does not name/);
  refuses(archive({ table: (rows) => [...rows, rows[0]] }), /does not name/);
  refuses(archive({ table: (rows) => [rows[0], rows[0], rows[1]] }), /does not name/);
  refuses(archive({ table: ([first, ...rows]) => [{ ...first, hash: 1n }, ...rows] }), /does not name/);
  refuses(
    archive({ table: ([first, ...rows]) => [{ ...first, offset: first.offset - 1n }, ...rows] }),
    /outside|does not name/,
  );
  refuses(archive({ table: ([first, ...rows]) => [{ ...first, offset: 2n ** 50n }, ...rows] }), /outside/);
  refuses(archive({ table: () => [] }), /does not name/);
});

Deno.test("directories at the maximum depth are read, deeper ones refused", () => {
  strictEqual(nodes(nested(2048)).length, 2048);
  refuses(nested(2049), /2049 deep/);
  refuses(nested(10_000), /2049 deep/);
});

import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ArchiveDecoder, type ArchiveEvent } from "../../../src/formats/archive/archive.ts";
import { ArchiveEncoder } from "../../../src/formats/archive/archive_encoder.ts";
import type { ArchiveNode, NodeKind } from "../../../src/formats/archive/archive_elements.ts";
import {
  DEFAULT_FEATURES,
  FEATURES,
  featuresOf,
  normalizeFeatures,
} from "../../../src/formats/archive/features.ts";
import { joined } from "../../support/data/joined.ts";
import { type Random, random } from "../../support/random.ts";
import { sha256 } from "../../support/sha.ts";
import { testdata } from "../../support/testdata.ts";

function encode(events: readonly ArchiveEvent[], features = DEFAULT_FEATURES): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  const encoder = new ArchiveEncoder(features, (piece) => pieces.push(piece));
  for (const event of events) encoder.visit(event);
  encoder.finish();
  strictEqual(encoder.size, pieces.reduce((sum, piece) => sum + piece.length, 0));
  return joined(pieces);
}

function decode(bytes: Uint8Array): ArchiveEvent[] {
  const decoder = new ArchiveDecoder();
  decoder.push(bytes);
  const events: ArchiveEvent[] = [];
  for (let event = decoder.next(); event !== null; event = decoder.next()) events.push(event);
  decoder.finish();
  return events;
}

const plain: ArchiveNode = {
  name: new Uint8Array(0),
  kind: "file",
  mode: 0o644,
  features: DEFAULT_FEATURES,
  flags: 0n,
  uid: 0,
  gid: 0,
  mtime: 1n,
  xattrs: [],
  size: 0,
};
const node = (fields: Partial<ArchiveNode>): ArchiveEvent => ({
  type: "node",
  node: { ...plain, ...fields },
});
const named = (name: string, fields: Partial<ArchiveNode> = {}) =>
  node({ name: new TextEncoder().encode(name), ...fields });
const folder = (name = "") => named(name, { kind: "directory" });
const end: ArchiveEvent = { type: "end" };
const data = (text: string): ArchiveEvent => ({ type: "data", bytes: new TextEncoder().encode(text) });

for (const name of ["tree.catar", "nodes.catar"]) {
  Deno.test(`what casync wrote in ${name} is written again, byte for byte`, () => {
    const bytes = Deno.readFileSync(testdata(name));
    const events = decode(bytes);
    const [first] = events;
    deepStrictEqual(encode(events, first.type === "node" ? first.node.features : 0n), bytes);
  });
}

Deno.test("what desync wrote is written again, byte for byte: it records no permissions apart", () => {
  const bytes = Deno.readFileSync(testdata("desync-tree.catar"));
  const events = decode(bytes);
  const [first] = events;
  deepStrictEqual(encode(events, first.type === "node" ? first.node.features : 0n), bytes);
});

/** Events of a tree of all kinds of nodes with all kinds of attributes. */
function randomTree(source: Random, events: ArchiveEvent[], name: Uint8Array, depth: number): void {
  const kinds: NodeKind[] = ["directory", "file", "file", "symlink", "fifo", "socket", "block", "char"];
  const kind = depth === 0 ? "directory" : depth > 4 ? "file" : kinds[source.below(kinds.length)];
  const maybe = <T>(make: () => T): T | undefined => source.below(3) === 0 ? make() : undefined;
  const entries = () =>
    Array.from({ length: source.below(3) }, (_, i) => ({
      id: 10 * i + 1 + source.below(9),
      name: maybe(() => `name${source.below(99)}`) ?? "",
      permissions: source.below(8),
    }));
  const symlink = kind === "symlink";
  const users = entries();
  const bytes = source.bytes(kind === "file" ? source.below(600_000 >> (source.below(2) * 12)) : 0);
  events.push(node({
    name,
    kind,
    mode: symlink ? 0o777 : source.below(0o10000),
    flags: kind === "file" || kind === "directory" ? BigInt(source.below(4)) << 16n : 0n,
    uid: source.below(70_000),
    gid: source.below(70_000),
    mtime: BigInt(source.uint32()) * 1_000_003n * (source.below(2) === 0 ? 1n : -1n),
    user: "somebody",
    group: maybe(() => "somegroup"),
    xattrs: symlink ? [] : ["trusted.z", "user.b", "user.ü"].slice(source.below(4))
      .map((name) => ({ name, value: source.bytes(source.below(100)) })),
    acl: symlink || users.length === 0 ? undefined : { users, groups: entries(), groupObj: source.below(8) },
    defaultAcl: kind !== "directory" ? undefined : maybe(() => ({
      owner: source.below(8),
      groupObj: source.below(8),
      others: source.below(8),
      mask: maybe(() => source.below(8)),
      users: entries(),
      groups: entries(),
    })),
    selinux: maybe(() => "a_label"),
    fcaps: kind === "file" ? maybe(() => source.bytes(20)) : undefined,
    projectId: symlink ? undefined : maybe(() => source.below(1000) + 1),
    size: bytes.length,
    target: symlink ? source.bytes(20).map((byte) => byte || 1) : undefined,
    device: kind === "block" || kind === "char"
      ? { major: source.below(4096), minor: source.below(4096) }
      : undefined,
  }));
  if (kind === "file") { if (bytes.length > 0) events.push({ type: "data", bytes }); }
  else if (kind === "directory") {
    const names = new Set(
      Array.from({ length: source.below(8) + 3 }, (_, i) => `${source.below(100)}-é${i}`),
    );
    const encoded = [...names].map((text) => new TextEncoder().encode(text));
    for (const child of encoded.sort(compare)) randomTree(source, events, child, depth + 1);
  }
  events.push(end);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [a, b].map((bytes) => String.fromCharCode(...bytes));
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Events in a form that can be compared: who owns is no root, files' bytes are in one. */
function normal(events: readonly ArchiveEvent[]): unknown[] {
  const merged: unknown[] = [];
  let file: Uint8Array[] | undefined;
  for (const event of events) {
    if (event.type === "data") (file ??= []).push(event.bytes);
    else {
      if (file !== undefined) merged.push(sha256(joined(file)));
      file = undefined;
      merged.push(event.type === "node" ? comparable(event.node) : event.type);
    }
  }
  return merged;
}

function comparable(node: ArchiveNode): Record<string, unknown> {
  const { user, group, ...rest } = node;
  const plainText = JSON.stringify({
    ...rest,
    name: [...rest.name],
    user: node.uid === 0 ? undefined : user,
    group: node.gid === 0 ? undefined : group,
    xattrs: rest.xattrs.map(({ name, value }) => [name, ...value]),
    fcaps: rest.fcaps && [...rest.fcaps],
    target: rest.target && [...rest.target],
  }, (_, value) => typeof value === "bigint" ? String(value) : value);
  return JSON.parse(plainText);
}

Deno.test("random trees come back from their archive as they were", () => {
  const source = random();
  for (let i = 0; i < 10; i++) {
    const events: ArchiveEvent[] = [];
    randomTree(source, events, new Uint8Array(0), 0);
    deepStrictEqual(normal(decode(encode(events))), normal(events));
  }
});

Deno.test("what the features do not record is left out or made plain", () => {
  const tree = [
    folder(),
    named("fifo", { kind: "fifo" }),
    end,
    named("file", { mode: 0o4755, uid: 70_000, mtime: 1_999_999_999n, user: "u", size: 2 }),
    data("hi"),
    end,
    named("link", { kind: "symlink", target: Uint8Array.of(1) }),
    end,
    end,
  ];
  const nodes = (features: bigint) =>
    decode(encode(tree, features)).flatMap((event) => event.type === "node" ? [event.node] : []);
  const [, file, ...none] = nodes(FEATURES["2sec-time"] | FEATURES["read-only"]);
  deepStrictEqual(none, []);
  deepStrictEqual([file.mode, file.uid, file.mtime, file.user], [0o666, 0, 0n, undefined]);
  deepStrictEqual(nodes(FEATURES["user-names"]).map(({ user }) => user), [undefined, "u"]);
  // Read and written again it is the same: that all have the number 0 then makes nobody root.
  const byName = encode(tree, FEATURES["user-names"]);
  deepStrictEqual(encode(decode(byName), FEATURES["user-names"]), byName);
  deepStrictEqual(nodes(FEATURES["sec-time"])[1].mtime, 1_000_000_000n);
  strictEqual(nodes(FEATURES.fifos | FEATURES.symlinks).length, 4);
  throws(
    () => nodes(featuresOf("unix")),
    /Cannot write file, a file: owners beyond 65535 need the feature 32bit-uids/,
  );
});

Deno.test("attributes of one system alone are omitted", () => {
  const xattrs = ["system.posix_acl_access", "security.ima", "user.a", "btrfs.compression", "users"]
    .map((name) => ({ name, value: Uint8Array.of(1) }));
  const [root] = decode(encode([node({ kind: "directory", xattrs }), end]));
  deepStrictEqual(root.type === "node" && root.node.xattrs.map(({ name }) => name), ["user.a"]);
});

const wrong: [what: string, events: ArchiveEvent[]][] = [
  ["nothing", []],
  ["a folder that does not end", [folder()]],
  ["two roots", [folder(), end, folder(), end]],
  ["an end too many", [folder(), end, end]],
  ["bytes of a folder", [folder(), data("x"), end]],
  ["a file with too few bytes", [folder(), named("a", { size: 3 }), data("xy"), end, end]],
  ["a file with too many bytes", [folder(), named("a", { size: 1 }), data("xy"), end, end]],
  ["a node in a file", [folder(), named("a", { size: 1 }), named("b"), end, end, end]],
  ["a node in a symlink", [
    folder(),
    named("a", { kind: "symlink", target: Uint8Array.of(1) }),
    named("b"),
    end,
  ]],
  ["names out of order", [folder(), named("b"), end, named("a"), end, end]],
  ["a name twice", [folder(), named("b"), end, named("b"), end, end]],
  ["no name", [folder(), named(""), end, end]],
  ["a name that is too long", [folder(), named("x".repeat(256)), end, end]],
  ["a symlink that leads nowhere", [folder(), named("a", { kind: "symlink" }), end, end]],
];
for (const [what, events] of wrong) {
  Deno.test(`refused: ${what}`, () => {
    throws(() => encode(events), /Cannot write an archive|An archive can hold no name/);
  });
}

Deno.test("a socket alone is refused without the feature sockets", () => {
  throws(
    () => encode([node({ kind: "socket" }), end], normalizeFeatures(0n)),
    /Cannot write the archive's root, a socket/,
  );
});

Deno.test("a pipe or socket alone is refused, since no program could read the archive", () => {
  for (const kind of ["fifo", "socket"] as const) {
    throws(
      () => encode([node({ kind }), end]),
      { message: `Cannot write the archive's root, a ${kind}: no archive can be of it alone` },
    );
  }
});

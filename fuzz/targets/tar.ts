/** Tars, and the trees that are made of them. */
import { ok } from "node:assert/strict";
import { DesyncError } from "../../src/core/errors.ts";
import { ArchiveDecoder } from "../../src/formats/archive/archive.ts";
import { ArchiveEncoder } from "../../src/formats/archive/archive_encoder.ts";
import { DEFAULT_FEATURES } from "../../src/formats/archive/features.ts";
import { TarDecoder } from "../../src/formats/tar/tar_decoder.ts";
import type { TarMember } from "../../src/formats/tar/tar_member.ts";
import { TarTree } from "../../src/formats/tar/tar_tree.ts";
import { member, pax, tarOf } from "../../tests/support/data/tar_bytes.ts";
import { assertSame } from "../same.ts";
import { inPieces, type Target, words } from "../target.ts";

const BLOCK = 512;
/** Files of more bytes are not written: the tar may have holes for them. */
const MOST_BYTES = 64 * 1024;

function split(input: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length; at += BLOCK) pieces.push(input.subarray(at, at + BLOCK));
  return pieces;
}

/** Makes the checksums right of all blocks that look like headers. */
function repair(input: Uint8Array): Uint8Array {
  for (const block of split(input)) {
    if (block.length < BLOCK || block[156] === 0 || block.every((byte) => byte === 0)) continue;
    if (block[257] !== 0x75 && block[148] === 0) continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  }
  return input;
}

const findId = (_kind: string, name: string) => name.length;

interface Found {
  readonly members: { readonly member: TarMember; readonly place: number }[];
  readonly error?: DesyncError;
}

function decode(pieces: readonly Uint8Array[]): Found {
  const decoder = new TarDecoder(findId);
  const members: Found["members"] = [];
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      for (let member = decoder.next(); member !== null; member = decoder.next()) {
        members.push({ member, place: decoder.offset });
      }
    }
    decoder.finish();
    return { members };
  } catch (error) {
    if (error instanceof DesyncError) return { members, error };
    throw error;
  }
}

/** As files are read, in which members' bytes can be left out at once. */
function decodeSkipping(input: Uint8Array): Found {
  const decoder = new TarDecoder(findId);
  const members: Found["members"] = [];
  let at = 0;
  try {
    while (at < input.length && !decoder.done) {
      decoder.push(input.subarray(at, at + BLOCK));
      at += BLOCK;
      for (let member = decoder.next(); member !== null; member = decoder.next()) {
        members.push({ member, place: decoder.offset });
        at += decoder.skipData();
      }
    }
    decoder.finish(Math.max(0, at - input.length));
    return { members };
  } catch (error) {
    if (error instanceof DesyncError) return { members, error };
    throw error;
  }
}

/** The tree can be written as an archive, which can be read. */
function checkTree(members: Found["members"]): string {
  const tree = new TarTree();
  for (const { member, place } of members) tree.add(member, place);
  const decoder = new ArchiveDecoder();
  const encoder = new ArchiveEncoder(DEFAULT_FEATURES, (piece) => decoder.push(piece));
  for (const step of tree.steps(true)) {
    encoder.visit(step);
    if (step.type === "end" || step.content === undefined) continue;
    if (step.node.size > MOST_BYTES) return "large";
    encoder.visit({ type: "data", bytes: new Uint8Array(step.node.size) });
  }
  encoder.finish();
  while (decoder.next() !== null);
  decoder.finish();
  return "written";
}

const acl = "user::rw-,user:lisa:rw-:1000,group::r--,group:7:r-x,mask::rw-,other::r--";

export const tar: Target = {
  name: "tar",
  codes: ["invalid-archive", "unsupported"],
  freeBytes: 4 * 1024 * 1024,
  words: words(
    "ustar\x0000",
    "ustar  \0",
    "GNU.sparse.major=1",
    "GNU.sparse.map=",
    "GNU.sparse.realsize=",
    "SCHILY.xattr.user.x=",
    "\xff",
    "../",
    "/",
    "\0",
  ),
  seeds: () => [
    tarOf(
      member("./", { type: "5" }),
      member("./a", { content: "text" }),
      member("./b", { type: "1", link: "./a" }),
    ),
    tarOf(
      pax([["comment", "x"], ["mtime", "1.5"]], "g"),
      pax([["path", "long/name"], ["SCHILY.xattr.user.x", "y"], ["SCHILY.acl.access", acl], [
        "mtime",
        "-1.5",
      ]]),
      member("short", { content: "x".repeat(600), user: "lisa", group: "staff" }),
      member("link", { type: "2", link: "a/b" }),
      member("device", { type: "3", major: "0000001", minor: "0000003" }),
      member("pipe", { type: "6", prefix: "in" }),
    ),
    tarOf(
      member("././@LongLink", { type: "L", content: `${"n".repeat(150)}\0` }),
      member("n", { content: "z" }),
    ),
    tarOf(
      pax([["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"], ["GNU.sparse.realsize", "4096"]]),
      member("sparse", { content: `1\n1024\n4\n${"\0".repeat(502)}text` }),
    ),
    tarOf(
      pax([["GNU.sparse.map", "0,4,8,4"], ["GNU.sparse.size", "20"]]),
      member("sparse", { content: "texttext" }),
      member("old", {
        type: "S",
        magic: "ustar  \0",
        content: "text",
        more: [[386, "00000000010\x0000000000004\0"], [483, "00000000100\0"]],
      }),
    ),
  ],
  split,
  repair,
  check(input) {
    const { members, error } = decode([input]);
    const split = decode(inPieces(input));
    assertSame(split, { members, error });
    const skipped = decodeSkipping(input);
    // Without the bytes, damage in them is not seen, nor where the tar ends.
    assertSame(skipped.members, members);
    assertSame(skipped.error === undefined, error === undefined);
    ok(members.length <= input.length / BLOCK, `${members.length} members`);
    const shape = checkTree(members);
    if (error !== undefined) throw error;
    return shape;
  },
};

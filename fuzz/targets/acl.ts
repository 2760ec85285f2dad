/** Access lists: as tars write them, and as Linux keeps them. */
import { DesyncError } from "../../src/core/errors.ts";
import { decodeAcl, decodeDefaultAcl, encodeAcl, encodeDefaultAcl } from "../../src/formats/archive/acl.ts";
import {
  formatAcl,
  formatDefaultAcl,
  parseAclText,
  parseDefaultAclText,
} from "../../src/formats/tar/tar_acl.ts";
import type { AclEntry } from "../../src/formats/archive/archive_elements.ts";
import { nameText } from "../../src/core/bytes.ts";
import { assertSame } from "../same.ts";
import { splitLines, type Target, words } from "../target.ts";

const findId = (_kind: string, name: string) => name.length;

function checkText(text: string): string {
  const access = parseAclText(text, findId);
  if (access !== undefined) {
    const written = formatAcl(access.acl, 0o640);
    const again = parseAclText(written, findId);
    assertSame(again && formatAcl(again.acl, 0o640), written);
  }
  const list = parseDefaultAclText(text, findId);
  if (list === undefined) return "empty";
  const written = formatDefaultAcl(list);
  const again = parseDefaultAclText(written, findId)!;
  assertSame(formatDefaultAcl(again), written);
  return access === undefined ? "short" : "long";
}

function checkBinary(value: Uint8Array): string {
  const id = (_kind: string, entry: AclEntry) => entry.id;
  const access = decodeAcl(value, () => "");
  const list = decodeDefaultAcl(value, () => "");
  const written = encodeDefaultAcl(list, id);
  assertSame(encodeDefaultAcl(decodeDefaultAcl(written, () => ""), id), written);
  if (access === undefined) return "mode";
  const full = encodeAcl(access, 0o640, id);
  assertSame(encodeAcl(decodeAcl(full, () => "")!, 0o640, id), full);
  return "list";
}

export const acl: Target = {
  name: "acl",
  codes: ["invalid-archive", "io"],
  words: words(
    "user:",
    "group:",
    "mask::",
    "other::",
    "rwx",
    "r--",
    "#",
    ",",
    ":",
    "\n",
    " ",
    "u:",
    "\u2028",
  ),
  seeds: () => [
    ...words(
      "user::rw-\nuser:lisa:rw-\ngroup::r--\nmask::rw-\nother::r--\n",
      "u::rwx,u:7:r-x,g::r-x,g:staff:r-x:50,m::r-x,o::--- # everyone\n",
    ),
    encodeDefaultAcl({
      owner: 7,
      groupObj: 5,
      others: 4,
      mask: 7,
      users: [{ id: 1, name: "", permissions: 6 }],
      groups: [{ id: 2, name: "", permissions: 5 }],
    }, (_kind, entry) => entry.id),
  ],
  split: splitLines,
  check(input) {
    let binary = "none";
    try {
      binary = checkBinary(input);
    } catch (error) {
      if (!(error instanceof DesyncError)) throw error;
      if (input[0] === 2) throw error;
    }
    return `${binary} ${checkText(nameText(input))}`;
  },
};

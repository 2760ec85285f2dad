/** Extended headers of tars. */
import {
  buildPax,
  formatPaxTime,
  keyOfXattr,
  parsePax,
  parsePaxTime,
  xattrOfKey,
} from "../../src/formats/tar/tar_pax.ts";
import { applyPax, readPaxFields } from "../../src/formats/tar/tar_pax_fields.ts";
import { paxRecord } from "../../tests/support/data/tar_bytes.ts";
import { concat } from "../../src/core/bytes.ts";
import { assertSame } from "../same.ts";
import { splitLines, type Target, words } from "../target.ts";

/** Gives each line the length that it has. */
function repair(input: Uint8Array): Uint8Array {
  return concat(
    splitLines(input).map((line) => {
      const body = line.subarray(line.indexOf(0x20) + 1, line.at(-1) === 0x0a ? -1 : undefined);
      const equals = body.indexOf(0x3d);
      if (equals < 1) return line;
      return paxRecord([
        new TextDecoder("latin1").decode(body.subarray(0, equals)),
        body.subarray(equals + 1),
      ]);
    }),
  );
}

export const pax: Target = {
  name: "pax",
  codes: ["invalid-archive"],
  words: words(
    "GNU.sparse.offset=",
    "GNU.sparse.numbytes=",
    "GNU.sparse.map=",
    "SCHILY.xattr.",
    "mtime=",
    "%3D",
    "%25",
  ),
  seeds: () => [
    concat([
      paxRecord(["path", "a/b"]),
      paxRecord(["mtime", "1700000000.123456789"]),
      paxRecord(["SCHILY.xattr.user.a%3Db", "value\nlines"]),
      paxRecord(["size", "123"]),
    ]),
    concat([
      paxRecord(["GNU.sparse.offset", "0"]),
      paxRecord(["GNU.sparse.numbytes", "5"]),
      paxRecord(["GNU.sparse.map", "0,5,9,1"]),
      paxRecord(["GNU.sparse.realsize", "10"]),
      paxRecord(["GNU.sparse.major", "1"]),
      paxRecord(["GNU.sparse.minor", "0"]),
      paxRecord(["GNU.sparse.name", "n"]),
    ]),
  ],
  split: splitLines,
  repair,
  check(input) {
    const records = parsePax(input);
    assertSame(parsePax(buildPax(records)), records);
    for (const { key, value } of records) {
      const name = xattrOfKey(key);
      if (name !== undefined) assertSame(xattrOfKey(keyOfXattr(name)), name);
      if (!key.endsWith("time")) continue;
      const time = parsePaxTime(value);
      assertSame(parsePaxTime(formatPaxTime(time)), time);
    }
    const all = new Map<string, Uint8Array>();
    const sparse: number[] = [];
    applyPax(input, all, sparse);
    const { sparseNumbers, sparseMapInData } = readPaxFields(all, sparse);
    return `${Math.min(all.size, 3)} ${sparseNumbers !== undefined} ${sparseMapInData}`;
  },
};

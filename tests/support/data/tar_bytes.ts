/**
 * Builds tars block by block, by the test's own means and not by the program's, so that everything in them can be wrong.
 *
 *     tarOf(member("a", { content: "text" }), member("b", { type: "2", link: "a" }))
 */

import { bytesOf, type Content } from "./archive_bytes.ts";
import { joined } from "./joined.ts";

/** What a header says; numbers are texts as they are to stand there. */
export interface MemberFields {
  type?: string;
  content?: Content;
  mode?: string;
  uid?: string;
  gid?: string;
  size?: string;
  mtime?: string;
  link?: Content;
  magic?: string;
  user?: string;
  group?: string;
  major?: string;
  minor?: string;
  prefix?: Content;
  checksum?: string;
  /** Puts bytes anywhere before the checksum is made. */
  more?: [at: number, bytes: Content][];
}

/** A header and its content in whole blocks. */
export function member(name: Content, fields: MemberFields = {}): Uint8Array<ArrayBuffer> {
  const content = bytesOf(fields.content ?? "");
  const block = new Uint8Array(512);
  const put = (at: number, value: Content) => block.set(bytesOf(value), at);
  put(0, name);
  put(100, fields.mode ?? "0000644");
  put(108, fields.uid ?? "0000000");
  put(116, fields.gid ?? "0000000");
  put(124, fields.size ?? content.length.toString(8).padStart(11, "0"));
  put(136, fields.mtime ?? "14000000000");
  put(156, fields.type ?? "0");
  put(157, fields.link ?? "");
  put(257, fields.magic ?? "ustar\x0000");
  put(265, fields.user ?? "");
  put(297, fields.group ?? "");
  put(329, fields.major ?? "");
  put(337, fields.minor ?? "");
  put(345, fields.prefix ?? "");
  for (const [at, bytes] of fields.more ?? []) put(at, bytes);
  put(148, "        ");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, fields.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `);
  return joined([block, content, new Uint8Array((512 - content.length % 512) % 512)]);
}

/** An extended header of pax with these records. */
export function pax(records: [key: string, value: Content][], type = "x"): Uint8Array<ArrayBuffer> {
  return member("PaxHeaders/x", { type, content: joined(records.map(paxRecord)) });
}

/** One record. */
export function paxRecord([key, value]: [key: string, value: Content]): Uint8Array<ArrayBuffer> {
  const body = joined([bytesOf(` ${key}=`), bytesOf(value), bytesOf("\n")]);
  for (let digits = 1;; digits++) {
    const length = String(body.length + digits);
    if (length.length === digits) return joined([bytesOf(length), body]);
  }
}

/** The members and the end. */
export function tarOf(...members: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joined([...members, new Uint8Array(1024)]);
}

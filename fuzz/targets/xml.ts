/** XML that S3 services answer with. */
import { ok } from "node:assert/strict";
import { parseXml, type XmlElement } from "../../src/formats/xml.ts";
import { type Target, words } from "../target.ts";

export const xml: Target = {
  name: "xml",
  codes: ["store"],
  words: words(
    '<?xml version="1.0"?>',
    "<Contents>",
    "</Contents>",
    "<a/>",
    '<a b="c">',
    "</a>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a>",
    "&lt;",
    "&#x10ffff;",
    "&#0;",
    "p:",
  ),
  seeds: () =>
    words(
      '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://x"><IsTruncated>false</IsTruncated>' +
        "<Contents><Key>a&amp;b</Key><Size>12</Size></Contents></ListBucketResult>",
      "<Error><Code>NoSuchKey</Code><Message><![CDATA[a <b> c]]></Message></Error>",
      "<p:DeleteResult xmlns:p='http://x'><!-- none --><p:Error/></p:DeleteResult>\n",
    ),
  check(input) {
    const root = parseXml(new TextDecoder().decode(input));
    return `${root.children.length > 1} ${depthOf(root, 0)}`;
  },
};

/** Names are names, whatever the text was. */
function depthOf({ name, children }: XmlElement, above: number): number {
  ok(!/[<>&\s]/.test(name) && above < 17);
  return Math.max(above, ...children.map((child) => depthOf(child, above + 1)));
}

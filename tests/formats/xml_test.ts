import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { childOf, parseXml, textOf } from "../../src/formats/xml.ts";

Deno.test("elements, their text and their children", () => {
  const root = parseXml(
    `\ufeff<?xml version="1.0" encoding='UTF-8'?>\n<!-- a <comment> -->
<s3:List xmlns:s3="http://x/" empty = ''><Key>a&lt;b&amp;amp;&#65;&#x1f600;&quot;</Key ><Key/><a.b-c x="/>">1
<![CDATA[<&]]>2<!-- no -->3</a.b-c></s3:List>\n`,
  );
  strictEqual(root.name, "List");
  deepStrictEqual(root.children.map(({ name, text }) => [name, text]), [
    ["Key", 'a<b&amp;A\u{1f600}"'],
    ["Key", ""],
    ["a.b-c", "1\n<&23"],
  ]);
  deepStrictEqual([textOf(root, "Key"), textOf(root, "None"), childOf(root, "None")], [
    'a<b&amp;A\u{1f600}"',
    "",
    undefined,
  ]);
});

const bad = [
  ...["", " ", "text", "<a>", "<a", "<a></b>", "<a><b></a></b>", "</a>", "<a/><b/>", "<a/>text", "text<a/>"],
  ...[
    "<a>&x;</a>",
    "<a>&lt</a>",
    "<a>&#x110000;</a>",
    "<a>&#;</a>",
    "<a>&",
    "<a b></a>",
    "<a b=c/>",
    "<a b='/>",
  ],
  ...[
    "<!DOCTYPE a><a/>",
    "<a><?php ?></a>",
    "<a><!-- </a>",
    "<a><![CDATA[</a>",
    "<a b='<'/>",
    "< a/>",
    "<a/ >",
  ],
  ...["<?xml version='1.0'", "<a:>".repeat(20), "<a 1='2'/>", "<a b='1'c='2'/>"],
];
Deno.test("what is not well-formed, or has what no service sends, is an error", () => {
  for (const text of bad) throws(() => parseXml(text), { code: "store", message: /^invalid XML: / }, text);
});

Deno.test("a document that is cut off anywhere is an error", () => {
  const whole = `<?xml version="1.0"?><a x="1"><b>&amp;<![CDATA[c]]></b><c/><!-- d --></a>`;
  for (let end = 0; end < whole.length; end++) throws(() => parseXml(whole.slice(0, end)), { code: "store" });
  strictEqual(parseXml(whole).children.length, 2);
});

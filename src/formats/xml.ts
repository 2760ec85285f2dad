/**
 * The XML that services answer with: elements, text, attributes (which are dropped), comments and CDATA. Everything else,
 * document types among them, is an error, and so is what is not well-formed: a list that was cut off must not be taken for
 * a shorter one.
 */
import { DesyncError } from "../core/errors.ts";

/** An element. Names have no prefix. */
export interface XmlElement {
  readonly name: string;
  /** All text directly in it. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** No answer is nested deeper. */
const DEEPEST = 16;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** The document's only element. Throws `store` with a reason when it is not well-formed. */
export function parseXml(text: string): XmlElement {
  return new XmlParser(text.startsWith("\ufeff") ? text.slice(1) : text).parse();
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** The text of the first child of that name, empty when there is none. */
export function textOf(element: XmlElement, name: string): string {
  return childOf(element, name)?.text ?? "";
}

interface OpenElement {
  /** With its prefix, as the end has to have it. */
  readonly tag: string;
  readonly texts: string[];
  readonly children: XmlElement[];
}

class XmlParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): XmlElement {
    const open: OpenElement[] = [];
    let root: XmlElement | undefined;
    if (this.#text.startsWith("<?xml ")) this.#after("?>");
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf("<", this.#at);
      const end = next < 0 ? this.#text.length : next;
      const text = this.#text.slice(this.#at, end);
      const inside = open.at(-1);
      if (inside !== undefined) inside.texts.push(decoded(text));
      else if (text.trim() !== "") throw malformed("text outside of elements");
      this.#at = end;
      if (next < 0) break;
      if (this.#takes("<!--")) this.#after("-->");
      else if (inside !== undefined && this.#takes("<![CDATA[")) inside.texts.push(this.#after("]]>"));
      else if (this.#takes("</")) {
        const tag = this.#after(">").trimEnd();
        const ended = open.pop();
        if (ended?.tag !== tag) throw malformed("an element that ends where another began");
        const element = elementOf(ended);
        const parent = open.at(-1);
        if (parent !== undefined) parent.children.push(element);
        else root = element;
      } else {
        if (root !== undefined && open.length === 0) throw malformed("a second element");
        const { tag, isEmpty } = this.#startTag();
        const begun: OpenElement = { tag, texts: [], children: [] };
        if (isEmpty && inside !== undefined) inside.children.push(elementOf(begun));
        else if (isEmpty) root = elementOf(begun);
        else if (open.push(begun) > DEEPEST) throw malformed("too many elements in each other");
      }
    }
    if (root === undefined || open.length > 0) throw malformed("it ends in the middle");
    return root;
  }

  #startTag(): { tag: string; isEmpty: boolean } {
    this.#at++;
    const tag = this.#match(/[A-Za-z_][\w.:-]*/y);
    while (true) {
      const space = this.#match(/\s*/y);
      if (this.#takes("/>")) return { tag, isEmpty: true };
      if (this.#takes(">")) return { tag, isEmpty: false };
      if (space === "") throw malformed("a tag that is none");
      this.#match(/[A-Za-z_][\w.:-]*/y);
      this.#match(/\s*=\s*/y);
      const quote = this.#match(/["']/y);
      if (this.#after(quote).includes("<")) throw malformed("an attribute that is none");
    }
  }

  #takes(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** What comes before `end`, behind which reading goes on. */
  #after(end: string): string {
    const found = this.#text.indexOf(end, this.#at);
    if (found < 0) throw malformed("it ends in the middle");
    const text = this.#text.slice(this.#at, found);
    this.#at = found + end.length;
    return text;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) throw malformed("a tag that is none");
    this.#at = pattern.lastIndex;
    return found;
  }
}

function elementOf({ tag, texts, children }: OpenElement): XmlElement {
  return { name: tag.slice(tag.indexOf(":") + 1), text: texts.join(""), children };
}

function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&([^;&]{0,10});?/g, (all, name: string) => {
    const known = ENTITIES.get(name);
    if (known !== undefined && all.endsWith(";")) return known;
    const [, hex, decimal] = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name) ?? [];
    const code = hex === undefined ? Number(decimal ?? NaN) : parseInt(hex, 16);
    if (!all.endsWith(";") || !(code <= 0x10ffff)) throw malformed("an entity that is none");
    return String.fromCodePoint(code);
  });
}

function malformed(what: string): DesyncError {
  return new DesyncError("store", { reason: `invalid XML: ${what}` });
}

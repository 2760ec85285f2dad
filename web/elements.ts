/// <reference lib="dom" />
/** Elements of the page. */

/** The element of this id, which index.html has. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found as E;
}

/** A new element with these properties and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Terms and what there is to say, for a `dl`. */
export function terms(facts: readonly (readonly [term: string, text: string])[]): HTMLElement[] {
  return facts.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]);
}

/** Has the browser save the bytes. */
export function saveAs(name: string, bytes: Blob): void {
  const link = element("a", { href: URL.createObjectURL(bytes), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

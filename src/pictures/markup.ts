/** Text inside of SVG and HTML. */
import { foreignText } from "../core/foreign_text.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The text for an element or an attribute: on one line, of Unicode, and nothing in it is markup. */
export function escapeMarkup(text: string): string {
  return foreignText(text.toWellFormed()).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** At most so many characters, the middle replaced by "…". */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  if (characters.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${characters.slice(0, head).join("")}…${
    characters.slice(characters.length - (most - 1 - head)).join("")
  }`;
}

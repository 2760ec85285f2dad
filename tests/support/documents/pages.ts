/** The pages that users and contributors read. */

import { join } from "node:path";
import { repository } from "../process.ts";

/** One page. */
export interface Page {
  /** Its path within the repository. */
  readonly path: string;
  readonly text: string;
}

/** All of them. */
export function pages(): Page[] {
  const inDocs = [...Deno.readDirSync(join(repository, "docs"))].filter(({ name }) => name.endsWith(".md"));
  return [
    ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "npm/README.md", "testdata/README.md"],
    ...inDocs.map(({ name }) => `docs/${name}`),
  ].map((path) => ({ path, text: Deno.readTextFileSync(join(repository, path)) }));
}

/** The blocks of code of a page in that language, each as its lines; a line that ends in `\` is one with the next. */
export function blocksOf({ text }: Page, language: string): string[][] {
  return [...text.matchAll(/^ *```(.*)\n([^]*?)^ *```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code.replaceAll(/\\\n\s*/g, "").split("\n"));
}

/** The page without its blocks of code. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^ *```[^]*?^ *```$/gm, "");
}

/** The names of a page's headings in links, as GitHub makes them. */
export function anchorsOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-"));
}

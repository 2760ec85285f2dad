/** The bar of an extraction as a ribbon that fills: in the colours of the sources, each as wide as what it gave. */
import { originName } from "../core/origin.ts";
import type { SourceCount } from "../core/progress.ts";
import { withoutUnseen } from "../core/foreign_text.ts";
import { cellsOf } from "./cells.ts";
import { looksOf } from "./source_styles.ts";

/**
 * The line of a bar (`[####....]`) with its filled cells, and the names of the sources behind it, in colours of a terminal.
 * It takes no more columns than before.
 */
export function paintRibbon(line: string, sources: readonly SourceCount[]): string {
  const filled = /^\[(#+)/.exec(line)?.[1].length ?? 0;
  if (filled === 0) return line;
  const looks = looksOf(sources.map(({ origin }) => origin));
  const given = sources.map(({ bytes }, kind) => ({ kind, length: bytes }));
  const cells = cellsOf(given, ({ kind }) => kind, filled).map((kind) =>
    `\x1b[48;5;${looks[kind].terminal}m \x1b[0m`
  );
  let text = line.slice(1 + filled);
  let painted = "";
  for (const [i, { origin }] of sources.entries()) {
    const name = `${withoutUnseen(originName(origin))}: `;
    const at = text.indexOf(name);
    if (at < 0) continue;
    painted += `${text.slice(0, at)}\x1b[38;5;${looks[i].terminal}m${name}\x1b[0m`;
    text = text.slice(at + name.length);
  }
  return `[${cells.join("")}${painted}${text}`;
}

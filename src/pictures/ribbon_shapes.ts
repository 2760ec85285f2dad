/** The update ribbon as shapes of SVG: the new version, the old ones beneath it, and between them what is copied. */
import { formatBytes } from "../core/amounts.ts";
import type { OldVersion } from "../jobs/plan/old_versions.ts";
import type { UpdatePlan } from "../jobs/plan/update_plan.ts";
import { escapeMarkup } from "./markup.ts";
import { grouped } from "./plan_facts.ts";
import { type StyledSource, USE_LOOKS } from "./source_styles.ts";

/** Where the ribbon is drawn. */
export interface RibbonBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Height of each bar. */
  readonly bar: number;
  /** Height between the bars, which the copies cross. */
  readonly gap: number;
}

/** Shapes, and how much room they take. */
export interface RibbonShapes {
  readonly markup: string;
  readonly height: number;
  /** The old versions that are drawn, in their order, with the top of each bar. */
  readonly old: readonly { readonly version: OldVersion; readonly top: number }[];
}

/** What the bands between the bars mean. */
export const BANDS = "Bands lead from a part of the new version down to where it is in the old one.";

/** Old versions are drawn up to so many. */
const MOST_OLD = 4;
const BETWEEN_OLD = 26;

/** Draws the ribbon. The classes of its shapes are those of {@linkcode ribbonStyles}. */
export function ribbonShapes(
  plan: UpdatePlan,
  sources: readonly StyledSource[],
  box: RibbonBox,
): RibbonShapes {
  const { x, y, width, bar, gap } = box;
  const old = plan.oldVersions.map((version, number) => ({ version, number, used: usedBytes(version) }))
    .filter(({ version }) => version.size > 0)
    .sort((a, b) => b.used - a.used)
    .slice(0, MOST_OLD);
  const widest = Math.max(1, plan.size, ...old.map(({ version }) => version.size));
  const at = (offset: number) => round(x + width * offset / widest);
  const shapes: string[] = [];
  const bars: { version: OldVersion; top: number }[] = [];
  // The copies first: bars are drawn over their ends.
  const top = y + bar + gap;
  const [main] = old;
  for (const copy of plan.copies) {
    if (copy.version !== main?.number) continue;
    const { offset, from, length } = copy;
    const points = [
      [at(offset), y + bar],
      [at(offset + length), y + bar],
      [at(from + length), top],
      [at(from), top],
    ].map((point) => point.join(",")).join(" ");
    const moved = from !== offset;
    const title = moved
      ? `${formatBytes(length)} moved from byte ${grouped(from)} of the old version to byte ${
        grouped(offset)
      }`
      : `${formatBytes(length)} at the same place in both versions`;
    shapes.push(
      `<polygon class="${moved ? "moved" : "same"}" points="${points}"><title>${title}</title></polygon>`,
    );
  }
  for (const { offset, length, source } of plan.runs) {
    const title = `${formatBytes(length)} from byte ${grouped(offset)}: ${sources[source].name}`;
    shapes.push(rect(`f${source}`, at(offset), y, at(offset + length), bar, title));
  }
  for (const [i, { version }] of old.entries()) {
    const barTop = top + i * (bar + BETWEEN_OLD);
    bars.push({ version, top: barTop });
    for (const { offset, length, use } of version.runs) {
      const title = `${formatBytes(length)} from byte ${grouped(offset)} of ${version.location}: ${
        USE_LOOKS[use].name
      }`;
      shapes.push(rect(classOf(use), at(offset), barTop, at(offset + length), bar, title));
    }
  }
  const height = bars.length === 0 ? bar : bars[bars.length - 1].top + bar - y;
  return { markup: shapes.join("\n"), height, old: bars };
}

function usedBytes({ runs }: OldVersion): number {
  return runs.reduce((sum, { use, length }) => use === "unused" ? sum : sum + length, 0);
}

/** The class of a part of an old version. */
export function classOf(use: keyof typeof USE_LOOKS): string {
  return { "same place": "u0", moved: "u1", unused: "u2" }[use];
}

function rect(name: string, left: number, top: number, right: number, height: number, title: string): string {
  const width = round(right - left);
  return `<rect class="${name}" x="${left}" y="${round(top)}" width="${width}" height="${height}"><title>${
    escapeMarkup(title)
  }</title></rect>`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

/** What the parts of a path's bar are. */
export const PATH_WORDS = { new: "has to be fetched", kept: "is at hand" };

/** Of paths, what is fetched and what is at hand. */
const FETCHED = { light: "#f0852d", dark: "#f79a48" };
const KEPT = { light: "#8d97a8", dark: "#717d90" };

const PAGE = {
  light: { ground: "#ffffff", text: "#1c2430", quiet: "#5a6675", line: "#d5dbe3" },
  dark: { ground: "#14181f", text: "#e8ecf2", quiet: "#a0abb9", line: "#343c48" },
};

/** The colours of the page and its shapes, for light and dark. */
export function ribbonStyles(sources: readonly StyledSource[]): string {
  const rules = (mode: "light" | "dark") => {
    const { ground, text, quiet, line } = PAGE[mode];
    return [
      `:root{--ground:${ground};--text:${text};--quiet:${quiet};--line:${line}}`,
      ...sources.map((look, i) => colourRule(`f${i}`, look[mode])),
      ...Object.entries(USE_LOOKS).map(([use, look]) =>
        colourRule(classOf(use as keyof typeof USE_LOOKS), look[mode])
      ),
      colourRule("new", FETCHED[mode]),
      colourRule("kept", KEPT[mode]),
      `.same{fill:${USE_LOOKS["same place"][mode]};opacity:.22}`,
      `.moved{fill:${USE_LOOKS.moved[mode]};opacity:.45}`,
    ].join("\n");
  };
  return `${rules("light")}
@media (prefers-color-scheme:dark){
${rules("dark")}
}
.moved:hover,.same:hover{opacity:.9}
rect:hover{opacity:.75}`;
}

function colourRule(name: string, colour: string): string {
  return `.${name}{fill:${colour};background:${colour}}`;
}

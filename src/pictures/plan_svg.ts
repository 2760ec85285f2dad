/** A plan as one SVG file that explains itself. */
import { formatBytes } from "../core/amounts.ts";
import type { UpdatePlan } from "../jobs/plan/update_plan.ts";
import { escapeMarkup, shortened } from "./markup.ts";
import {
  costOf,
  factsOf,
  headline,
  isUsed,
  pathsNote,
  percent,
  type PlanPictureOptions,
} from "./plan_facts.ts";
import { BANDS, classOf, PATH_WORDS, ribbonShapes, ribbonStyles } from "./ribbon_shapes.ts";
import { styledSources, USE_LOOKS } from "./source_styles.ts";

const WIDTH = 960;
const MARGIN = 32;
const INNER = WIDTH - 2 * MARGIN;
const BAR = 44;
const GAP = 64;
const ROW = 24;
const BYTES_COLUMN = 500;
const SHARE_COLUMN = 576;
const COST_COLUMN = 600;
const PATH_BAR = 210;
const PATH_COLUMN = 432;
const PATH_LENGTH = 62;
/** Characters that fit. */
const NAME_LENGTH = 50;
const COST_LENGTH = 42;
const LINE_LENGTH = 108;
const FACT_LENGTH = 104;

/**
 * The plan as an SVG image: the update ribbon, a legend with numbers, and what the update costs. It needs no script and no
 * other file, has titles for what the pointer is on, and follows the viewer's choice of light or dark.
 *
 * @example A picture of an update
 * ```ts
 * import { MemoryStore, parseIndex, planSvg, updatePlan } from "@desync/desync";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const plan = await updatePlan(index, { stores: [new MemoryStore()] });
 * if (!planSvg(plan, { title: "casync-blob.caibx" }).startsWith("<svg ")) throw new Error("it is an SVG");
 * ```
 */
export function planSvg(plan: UpdatePlan, options: PlanPictureOptions): string {
  const sources = styledSources(plan.sources);
  const parts: string[] = [];
  let y = 0;
  const text = (x: number, content: string, name = "", anchor = "start") => {
    const at = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
    parts.push(
      `<text x="${x}" y="${y}"${name === "" ? "" : ` class="${name}"`}${at}>${escapeMarkup(content)}</text>`,
    );
  };
  y = 46;
  text(MARGIN, shortened(options.title, 60), "title");
  y += 28;
  text(MARGIN, shortened(headline(plan), LINE_LENGTH));
  y += 38;
  text(MARGIN, `new version, ${formatBytes(plan.size)}, from its beginning to its end`, "quiet");
  y += 8;
  const ribbon = ribbonShapes(plan, sources, { x: MARGIN, y, width: INNER, bar: BAR, gap: GAP });
  parts.push(ribbon.markup);
  const top = y;
  for (const { version, top: barTop } of ribbon.old) {
    y = barTop + BAR + 17;
    text(
      MARGIN,
      shortened(`old version ${version.location}, ${formatBytes(version.size)}`, LINE_LENGTH),
      "quiet",
    );
  }
  y = top + ribbon.height + (ribbon.old.length === 0 ? 0 : 22);
  if (plan.copies.length > 0) {
    y += 16;
    text(MARGIN, BANDS, "quiet");
  }
  y += 36;
  text(MARGIN, "Where the new version comes from", "heading");
  for (const [i, { name, source }] of sources.entries()) {
    if (!isUsed(source)) continue;
    y += ROW;
    parts.push(`<rect class="f${i}" x="${MARGIN}" y="${y - 12}" width="14" height="14" rx="3"/>`);
    text(MARGIN + 24, shortened(name, NAME_LENGTH));
    text(BYTES_COLUMN, formatBytes(source.bytes), "", "end");
    text(SHARE_COLUMN, plan.size === 0 ? "" : percent(source.bytes / plan.size), "quiet", "end");
    text(COST_COLUMN, shortened(costOf(source), COST_LENGTH), "quiet");
  }
  if (ribbon.old.length > 0) {
    y += 36;
    text(MARGIN, "What becomes of the old version", "heading");
    y += ROW;
    let x = MARGIN;
    for (const use of ["same place", "moved", "unused"] as const) {
      const { name } = USE_LOOKS[use];
      parts.push(`<rect class="${classOf(use)}" x="${x}" y="${y - 12}" width="14" height="14" rx="3"/>`);
      text(x + 24, name);
      x += 24 + 8 * name.length + 40;
    }
  }
  y += 36;
  text(MARGIN, "What it costs", "heading");
  for (const [term, fact] of factsOf(plan, options)) {
    y += ROW;
    text(MARGIN, term, "quiet");
    for (const [i, line] of lines(fact, FACT_LENGTH).entries()) {
      if (i > 0) y += ROW - 4;
      text(MARGIN + 96, line);
    }
  }
  if (plan.paths !== undefined) {
    const { heaviest } = plan.paths;
    y += 36;
    text(MARGIN, "Paths with the most new bytes", "heading");
    y += ROW;
    parts.push(`<rect class="new" x="${MARGIN}" y="${y - 12}" width="14" height="14" rx="3"/>`);
    text(MARGIN + 24, PATH_WORDS.new);
    parts.push(`<rect class="kept" x="${MARGIN + 180}" y="${y - 12}" width="14" height="14" rx="3"/>`);
    text(MARGIN + 204, PATH_WORDS.kept);
    text(PATH_COLUMN, pathsNote(plan.paths), "quiet");
    const most = Math.max(1, ...heaviest.map(({ newBytes, keptBytes }) => newBytes + keptBytes));
    for (const { path, newBytes, keptBytes } of heaviest) {
      y += ROW;
      const [added, kept] = [newBytes, keptBytes].map((bytes) => PATH_BAR * bytes / most);
      parts.push(
        `<rect class="new" x="${MARGIN}" y="${y - 11}" width="${added.toFixed(1)}" height="12"/>`,
        `<rect class="kept" x="${(MARGIN + added).toFixed(1)}" y="${y - 11}" width="${
          kept.toFixed(1)
        }" height="12"/>`,
      );
      text(PATH_COLUMN - 110, formatBytes(newBytes), "", "end");
      text(PATH_COLUMN - 100, `of ${formatBytes(newBytes + keptBytes)}`, "quiet");
      text(PATH_COLUMN, shortened(path, PATH_LENGTH));
    }
  }
  const height = y + 32;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui,sans-serif" font-size="14">
<title>${escapeMarkup(`${options.title}: ${headline(plan)}`)}</title>
<style>
${ribbonStyles(sources)}
text{fill:var(--text)}
.quiet{fill:var(--quiet)}
.title{font-size:22px;font-weight:600}
.heading{font-weight:600}
</style>
<rect width="${WIDTH}" height="${height}" style="fill:var(--ground);opacity:1"/>
${parts.join("\n")}
</svg>
`;
}

function lines(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && line.length <= most) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines;
}

/** A plan as one HTML file that explains itself. */
import { formatBytes } from "../core/amounts.ts";
import type { PathCosts } from "../jobs/plan/path_costs.ts";
import type { UpdatePlan } from "../jobs/plan/update_plan.ts";
import { escapeMarkup } from "./markup.ts";
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

const WIDTH = 1000;
const BAR = 48;
const GAP = 64;

const LAYOUT = `*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:32px 24px}
h1{font-size:22px;margin:0;overflow-wrap:anywhere}
h2{font-size:15px;margin:28px 0 8px}
p{margin:4px 0}
.quiet{color:var(--quiet)}
figure{margin:20px 0 0}
figure p{font-size:13px;overflow-wrap:anywhere}
svg{display:block;width:100%;border-radius:4px}
table{border-collapse:collapse;width:100%}
td,th{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline;font-weight:400}
td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th{overflow-wrap:anywhere}
.key{display:inline-block;width:14px;height:14px;border-radius:3px;margin-right:10px;vertical-align:-2px}
.use{display:inline-block;margin-right:24px}
.weights{width:30%}
.weight{height:12px;border-radius:2px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 24px;margin:0}
dt{color:var(--quiet)}
dd{margin:0}
@media (max-width:560px){
main{padding:20px 14px}
tr{display:block;padding:6px 0;border-bottom:1px solid var(--line)}
th{display:block}
td{display:inline-block}
td,th{padding:1px 12px 1px 0;border:0}
.weights{display:block;width:100%}
dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:8px}
}`;

/**
 * The plan as an HTML page: the update ribbon, a legend with numbers, and what the update costs. It needs no script and no
 * other file, fits narrow windows, has titles for what the pointer is on, and follows the viewer's choice of light or dark.
 *
 * @example A page about an update
 * ```ts
 * import { MemoryStore, parseIndex, planHtml, updatePlan } from "@desync/desync";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const plan = await updatePlan(index, { stores: [new MemoryStore()] });
 * if (planHtml(plan, { title: "<script>" }).includes("<script>")) throw new Error("names are escaped");
 * ```
 */
export function planHtml(plan: UpdatePlan, options: PlanPictureOptions): string {
  const sources = styledSources(plan.sources);
  const ribbon = ribbonShapes(plan, sources, { x: 0, y: 0, width: WIDTH, bar: BAR, gap: GAP });
  const { height } = ribbon;
  const olds = ribbon.old.map(({ version }) =>
    `<p class="quiet">Below: old version ${escapeMarkup(version.location)}, ${formatBytes(version.size)}</p>`
  );
  const rows = sources.flatMap(({ name, source }, i) =>
    !isUsed(source) ? [] : `<tr><th scope="row"><span class="key f${i}"></span>${escapeMarkup(name)}</th>` +
      `<td class="number">${formatBytes(source.bytes)}</td>` +
      `<td class="number quiet">${
        plan.size === 0 ? "" : escapeMarkup(percent(source.bytes / plan.size))
      }</td>` +
      `<td class="quiet">${escapeMarkup(costOf(source))}</td></tr>`
  );
  const uses = (["same place", "moved", "unused"] as const).map((use) =>
    `<span class="use"><span class="key ${classOf(use)}"></span>${USE_LOOKS[use].name}</span>`
  );
  const facts = factsOf(plan, options).map(([term, text]) =>
    `<dt>${term}</dt><dd>${escapeMarkup(text)}</dd>`
  );
  const paths = plan.paths === undefined ? "" : pathTable(plan.paths);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(options.title)}</title>
<style>
${ribbonStyles(sources)}
${LAYOUT}
</style>
</head>
<body>
<main>
<h1>${escapeMarkup(options.title)}</h1>
<p>${escapeMarkup(headline(plan))}</p>
<figure>
<p class="quiet">New version, ${formatBytes(plan.size)}, from its beginning to its end</p>
<svg viewBox="0 0 ${WIDTH} ${height}" height="${height}" preserveAspectRatio="none" role="img" aria-label="${
    escapeMarkup(headline(plan))
  }">
${ribbon.markup}
</svg>
${olds.join("\n")}
${plan.copies.length === 0 ? "" : `<p class="quiet">${BANDS}</p>\n`}</figure>
<h2>Where the new version comes from</h2>
<table>
${rows.join("\n")}
</table>
${
    olds.length === 0
      ? ""
      : `<h2>What becomes of the old version</h2>\n<p class="keys">${uses.join("\n")}</p>\n`
  }<h2>What it costs</h2>
<dl>
${facts.join("\n")}
</dl>
${paths}</main>
</body>
</html>
`;
}

function pathTable(paths: PathCosts): string {
  const most = Math.max(1, ...paths.heaviest.map(({ newBytes, keptBytes }) => newBytes + keptBytes));
  const rows = paths.heaviest.map(({ path, newBytes, keptBytes }) => {
    const [added, kept] = [newBytes, keptBytes].map((bytes) => (100 * bytes / most).toFixed(2));
    return `<tr><th scope="row">${escapeMarkup(path)}</th><td class="number">${formatBytes(newBytes)}</td>` +
      `<td class="number quiet">of ${formatBytes(newBytes + keptBytes)}</td>` +
      `<td class="weights"><svg class="weight" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">` +
      `<rect class="new" width="${added}" height="1"/><rect class="kept" x="${added}" width="${kept}" height="1"/></svg></td></tr>`;
  });
  return `<h2>Paths with the most new bytes</h2>
<p><span class="use"><span class="key new"></span>${PATH_WORDS.new}</span><span class="use"><span class="key kept"></span>${PATH_WORDS.kept}</span></p>
<p class="quiet">${escapeMarkup(pathsNote(paths))}</p>
<table>
${rows.join("\n")}
</table>
`;
}

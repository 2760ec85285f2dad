/** A plan on the page: the ribbon, where the bytes come from, and what that costs. */
import type { UpdatePlan } from "../mod.ts";
import { formatBytes } from "../src/core/amounts.ts";
import { costOf, factsOf, headline, isUsed, percent } from "../src/pictures/plan_facts.ts";
import { BANDS, classOf, ribbonShapes, ribbonStyles } from "../src/pictures/ribbon_shapes.ts";
import { styledSources, USE_LOOKS } from "../src/pictures/source_styles.ts";
import { escapeMarkup } from "../src/pictures/markup.ts";
import { element } from "./elements.ts";

const BOX = { x: 0, y: 0, width: 1000, bar: 40, gap: 56 };

/** The colours of each ribbon: two may be on the page. */
const sheets = new Map<HTMLElement, CSSStyleSheet>();

/** Draws the ribbon of the plan into the figure. */
export function drawRibbon(figure: HTMLElement, plan: UpdatePlan): void {
  const sources = styledSources(plan.sources);
  const ribbon = ribbonShapes(plan, sources, BOX);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`#${figure.id} { ${scoped(ribbonStyles(sources))} }`);
  sheets.set(figure, sheet);
  document.adoptedStyleSheets = [...sheets.values()];
  figure.innerHTML = `<svg viewBox="0 0 ${BOX.width} ${ribbon.height}" height="${ribbon.height}"
 preserveAspectRatio="none" role="img" aria-label="${escapeMarkup(headline(plan))}">${ribbon.markup}</svg>`;
  const key = (name: string, text: string) =>
    element("span", {}, element("span", { className: `key ${name}` }), text);
  const keys = sources.flatMap(({ name, source }, i) => isUsed(source) ? [key(`f${i}`, name)] : []);
  const uses = plan.oldVersions.length === 0
    ? []
    : (["same place", "moved", "unused"] as const).map((use) => key(classOf(use), USE_LOOKS[use].name));
  figure.append(element("figcaption", { className: "quiet keys" }, ...keys, ...uses));
  if (plan.copies.length > 0) figure.append(element("p", { className: "quiet" }, BANDS));
}

/** The page has colours of its own for all but the shapes. */
function scoped(styles: string): string {
  return styles.replaceAll(/:root\{[^}]*\}/g, "");
}

/** The rows of the table of sources. */
export function sourceRows(plan: UpdatePlan): HTMLElement[] {
  return styledSources(plan.sources).filter(({ source }) => isUsed(source)).map(({ name, source }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { className: "number" }, formatBytes(source.bytes)),
      element("td", { className: "number" }, plan.size === 0 ? "" : percent(source.bytes / plan.size)),
      element("td", {}, costOf(source)),
    )
  );
}

/** What else there is to say: all but what the page says elsewhere. */
export function planFacts(plan: UpdatePlan): readonly (readonly [string, string])[] {
  return factsOf(plan, {}).filter(([term]) => term !== "Blob");
}

export { headline } from "../src/pictures/plan_facts.ts";

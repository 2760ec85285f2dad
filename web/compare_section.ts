/** The section that compares with another version: what is new, by place and by path. */
import { type Index, updatePlan } from "../mod.ts";
import { formatBytes } from "../src/core/amounts.ts";
import { byId, element } from "./elements.ts";
import { fetchIndex, type Opened, parseAddress, unasked } from "./opened.ts";
import { drawRibbon, headline } from "./plan_view.ts";
import { clearProblem, showProblem } from "./problem.ts";

/** Paths that are listed. */
const MOST_PATHS = 30;

/** The section, for what is open now. */
export class CompareSection {
  readonly #opened: Opened;
  readonly #over = new AbortController();

  constructor(opened: Opened) {
    this.#opened = opened;
    byId("difference").replaceChildren();
    byId("compare").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#compare(byId<HTMLInputElement>("other").value.trim());
    }, { signal: this.#over.signal });
  }

  close(): void {
    this.#over.abort();
  }

  async #compare(address: string): Promise<void> {
    clearProblem();
    let about: URL | undefined;
    try {
      about = parseAddress(address);
      await this.#show(address, await fetchIndex(about));
    } catch (error) {
      if (!this.#over.signal.aborted) await showProblem(error, about);
    }
  }

  async #show(location: string, other: Index): Promise<void> {
    const { index, chunks, isArchive } = this.#opened;
    const { signal } = this.#over;
    const plan = await updatePlan(index, { stores: [unasked(chunks)] }, {
      seeds: [{ location, index: other }],
      heaviestPaths: isArchive ? MOST_PATHS : undefined,
      signal,
    });
    const figure = element("figure", { id: "difference-ribbon" });
    const { bytes, chunks: count } = plan.fetch;
    const text = bytes === 0
      ? "Nothing in this version is new: all of its chunks are in the other one."
      : `${formatBytes(bytes)} of this version (${count} chunks) are not in the other one. ${
        headline(plan)
      }.`;
    const parts: HTMLElement[] = [element("p", {}, text), figure];
    if (plan.paths !== undefined && plan.paths.heaviest.length > 0) {
      const rows = plan.paths.heaviest.map(({ path, newBytes, keptBytes }) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, path),
          element("td", { className: "number" }, formatBytes(newBytes)),
          element("td", { className: "number" }, formatBytes(newBytes + keptBytes)),
        )
      );
      const head = element(
        "tr",
        {},
        ...["Path", "New", "Of"].map((text) => element("th", { scope: "col" }, text)),
      );
      const caption = element("caption", { className: "unseen" }, "The paths with the most new bytes");
      parts.push(element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)));
    }
    byId("difference").replaceChildren(...parts);
    drawRibbon(figure, plan);
  }
}

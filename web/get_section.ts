/** The section that downloads: older versions, the plan before the click, and the file. */
import { DesyncError, Progress, type UpdatePlan, updatePlan } from "../mod.ts";
import {
  blobKey,
  extractToChosenFile,
  extractToPrivateFile,
  type WebSeed,
  WebWorkers,
} from "../src/browser/mod.ts";
import { fileFailure } from "../src/browser/file_failure.ts";
import type { FileHandle } from "../src/browser/file_system.ts";
import { PARTIAL } from "../src/browser/web_output.ts";
import { formatBytes, formatSeconds } from "../src/core/amounts.ts";
import { originName } from "../src/core/origin.ts";
import { type Look, looksOf } from "../src/pictures/source_styles.ts";
import { canChoose, chooseFile } from "./chosen_file.ts";
import { byId, element, terms } from "./elements.ts";
import { type Opened, unasked } from "./opened.ts";
import { drawRibbon, headline, planFacts, sourceRows } from "./plan_view.ts";
import { clearProblem, KEPT, NOT_SAVED, sentenceFor, showProblem } from "./problem.ts";

/** Of so many chunks the store is asked what they take; a request for each of more would take too long. */
const MOST_ASKED = 200;
/** How often the page is brought up to date, in milliseconds, and how often it is said aloud. */
const DRAW_MS = 200;
const SAY_MS = 3000;

/** The section, for what is open now. */
export class GetSection {
  readonly #opened: Opened;
  readonly #workers = new WebWorkers({ start: () => new Worker("worker.js", { type: "module" }) });
  readonly #over = new AbortController();
  #seeds: WebSeed[] = [];
  #download: AbortController | undefined;
  /** The looks of the plan's sources, by their names: the bar has the same. */
  #looks: ReadonlyMap<string, Look> = new Map();
  #key = "";
  #plans = 0;

  constructor(opened: Opened) {
    this.#opened = opened;
    const on = (id: string, type: string, act: (event: Event) => void) =>
      byId(id).addEventListener(type, act, { signal: this.#over.signal });
    on("seed", "change", () => {
      const input = byId<HTMLInputElement>("seed");
      this.#addSeeds([...input.files ?? []]);
      input.value = "";
    });
    on("drop", "dragover", (event) => {
      event.preventDefault();
      byId("drop").classList.add("over");
    });
    on("drop", "dragleave", () => byId("drop").classList.remove("over"));
    on("drop", "drop", (event) => {
      event.preventDefault();
      byId("drop").classList.remove("over");
      this.#addSeeds([...(event as DragEvent).dataTransfer?.files ?? []]);
    });
    on("download", "click", () => this.#start());
    on("choose", "click", () => this.#startInto());
    on("cancel", "click", () => this.#download?.abort());
    on("forget", "click", () => this.#forget());
    byId("seeds").replaceChildren();
    byId("archive-note").hidden = !opened.isArchive;
    byId("status").textContent = "";
    this.#showState("idle");
  }

  /** Shows what a download would cost, and what an earlier one left. */
  async show(): Promise<void> {
    this.#key = await blobKey(this.#opened.index);
    await Promise.all([this.#showKept(), this.#plan()]);
  }

  /** Ends what is going on. */
  close(): void {
    this.#over.abort();
    this.#download?.abort();
    this.#workers[Symbol.dispose]();
  }

  async #addSeeds(files: readonly File[]): Promise<void> {
    clearProblem();
    for (const file of files) {
      const item = element("li", {}, `${file.name}, ${formatBytes(file.size)}`);
      const state = element("span", { className: "quiet" }, "is being looked through …");
      item.append(state);
      byId("seeds").append(item);
      try {
        const index = await this.#workers.cut(file, this.#opened.index, {
          signal: this.#over.signal,
          onProgress: (bytes) => state.textContent = `is being looked through … ${formatBytes(bytes)}`,
        });
        const seed = { name: file.name, file, index };
        this.#seeds.push(seed);
        const remove = element("button", { type: "button", className: "small" }, `Remove ${file.name}`);
        remove.addEventListener("click", () => {
          this.#seeds = this.#seeds.filter((one) => one !== seed);
          item.remove();
          this.#plan();
        });
        state.replaceWith(remove);
      } catch (error) {
        item.remove();
        if (!this.#over.signal.aborted) await showProblem(error);
      }
    }
    await this.#plan();
  }

  /** Plans anew. Of several at a time the last one is shown. */
  async #plan(): Promise<void> {
    const turn = ++this.#plans;
    const { index, chunks } = this.#opened;
    const seeds = this.#seeds.map(({ name, index }) => ({ location: name, index }));
    const { signal } = this.#over;
    try {
      let plan = await updatePlan(index, { stores: [unasked(chunks)] }, { seeds, signal });
      if (turn === this.#plans) this.#showPlan(plan);
      if (plan.fetch.chunks > MOST_ASKED) return;
      plan = await updatePlan(index, { stores: [chunks] }, { seeds, signal });
      if (turn === this.#plans) this.#showPlan(plan);
    } catch (error) {
      if (!signal.aborted && turn === this.#plans) await showProblem(error, this.#opened.store);
    }
  }

  #showPlan(plan: UpdatePlan): void {
    byId("headline").textContent = `${headline(plan)}.`;
    drawRibbon(byId("ribbon"), plan);
    const origins = plan.sources.map(({ origin }) => origin);
    const looks = looksOf(origins);
    this.#looks = new Map(
      origins.flatMap((origin, i) => origin.kind === "missing" ? [] : [[originName(origin), looks[i]]]),
    );
    const table = byId<HTMLTableElement>("sources");
    table.replaceChildren(table.caption!, element("tbody", {}, ...sourceRows(plan)));
    byId("facts").replaceChildren(...terms(planFacts(plan)));
    const { storedBytes, bytes } = plan.fetch;
    const amount = storedBytes === undefined ? `up to ${formatBytes(bytes)}` : formatBytes(storedBytes);
    if (this.#download === undefined) byId("download").textContent = `Download ${amount}`;
  }

  /** Downloads into a file of the visitor's choice. */
  async #startInto(): Promise<void> {
    clearProblem();
    try {
      const file = await chooseFile(this.#fileName);
      if (file !== undefined) await this.#start(file);
    } catch (error) {
      await showProblem(fileFailure("write", "the file", error));
    }
  }

  /** Downloads into that file, or into the browser's own storage. */
  async #start(chosen?: FileHandle): Promise<void> {
    clearProblem();
    const { index, chunks, store } = this.#opened;
    const name = chosen?.name ?? this.#opened.name;
    const stop = this.#download = new AbortController();
    const progress = new Progress();
    progress.total = index.size;
    this.#showState("running");
    const began = performance.now();
    let said = 0;
    const draw = setInterval(() => {
      this.#drawBar(progress);
      if (performance.now() - said < SAY_MS) return;
      said = performance.now();
      byId("status").textContent = amountDone(progress, performance.now() - began);
    }, DRAW_MS);
    const skipped: string[] = [];
    try {
      const options = {
        signal: stop.signal,
        progress,
        seeds: this.#seeds,
        onSeedProblem: (_problem: DesyncError, seed: WebSeed) => skipped.push(seed.name),
      };
      if (chosen !== undefined) await extractToChosenFile(index, [chunks], chosen, this.#workers, options);
      else {
        const directory = await privateDirectory();
        await checkSpace(index.size);
        await extractToPrivateFile(index, [chunks], directory, this.#key, this.#workers, options);
      }
      clearInterval(draw);
      this.#drawBar(progress);
      const fetched = progress.sources.filter(({ origin }) => origin.kind === "store")
        .reduce((sum, { storedBytes }) => sum + storedBytes, 0);
      const others = skipped.length === 0
        ? ""
        : ` ${skipped.join(", ")} could not be read, or has changed: it was not used.`;
      const state = chosen === undefined ? "complete and verified" : "saved, complete and verified";
      const seconds = (performance.now() - began) / 1000;
      const time = seconds < 1 ? "less than a second" : formatSeconds(seconds);
      byId("status").textContent = `${name} is ${state}: ${
        formatBytes(fetched)
      } were fetched in ${time}.${others}`;
      this.#showState(chosen === undefined ? "done" : "saved");
      if (chosen === undefined) await this.#offer(true);
    } catch (error) {
      clearInterval(draw);
      byId("status").textContent = "";
      this.#showState("idle");
      if (chosen === undefined) await this.#showKept();
      const left = chosen !== undefined ? NOT_SAVED : await this.#hasPart() ? KEPT : "";
      if (stop.signal.aborted) byId("status").textContent = await sentenceFor(error, undefined, left);
      else if (!this.#over.signal.aborted) await showProblem(error, store, left);
    }
  }

  #showState(state: "idle" | "running" | "done" | "saved"): void {
    const running = state === "running";
    if (!running) this.#download = undefined;
    byId("download").hidden = running || state === "done";
    byId("choose").hidden = byId("choose-note").hidden = running || state === "done" || !canChoose();
    byId("cancel").hidden = !running;
    byId("save").hidden = state !== "done";
    byId("forget").hidden = state !== "done";
    byId("bar").hidden = state === "idle";
    if (running) byId("cancel").focus();
  }

  #drawBar({ done, total, sources }: Progress): void {
    const bar = byId("bar");
    const percent = total === 0 ? 100 : Math.floor(100 * done / total);
    bar.ariaValueNow = String(percent);
    bar.ariaValueText = `${formatBytes(done)} of ${formatBytes(total)}`;
    const looks = looksOf(sources.map(({ origin }) => origin));
    bar.replaceChildren(...sources.map(({ origin, bytes }, i) => {
      const { light, dark } = this.#looks.get(originName(origin)) ?? looks[i];
      const part = element("span", { title: `${originName(origin)}: ${formatBytes(bytes)}` });
      part.style.width = `${total === 0 ? 0 : 100 * bytes / total}%`;
      // The style sheet takes one of them, also when the visitor changes that later.
      part.style.setProperty("--light", light);
      part.style.setProperty("--dark", dark);
      return part;
    }));
  }

  /** What it is called as a file. */
  get #fileName(): string {
    return this.#opened.isArchive ? `${this.#opened.name}.catar` : this.#opened.name;
  }

  /** Offers the file that is whole; `now` has the browser save it at once. */
  async #offer(now: boolean): Promise<void> {
    const directory = await privateDirectory();
    const file = await (await directory.getFileHandle(this.#key)).getFile();
    const link = byId<HTMLAnchorElement>("save");
    // Of another type, browsers would give it another name.
    link.href = URL.createObjectURL(file.slice(0, file.size, "application/octet-stream"));
    link.download = this.#fileName;
    link.textContent = `Save ${link.download}`;
    if (now) link.click();
  }

  async #hasPart(): Promise<boolean> {
    return (await keptNames()).includes(this.#key + PARTIAL);
  }

  /** What an earlier download left. */
  async #showKept(): Promise<void> {
    const names = await keptNames();
    if (names.includes(this.#key)) {
      byId("status").textContent =
        "It was downloaded before, and the browser has kept it. Downloading again verifies it.";
    } else if (names.includes(this.#key + PARTIAL)) {
      byId("status").textContent = "A part was downloaded before: the download goes on from there.";
    }
    byId("forget").hidden = !names.some((name) => name.startsWith(this.#key));
  }

  async #forget(): Promise<void> {
    const directory = await privateDirectory();
    for (const name of await keptNames()) {
      if (name.startsWith(this.#key)) await directory.removeEntry(name);
    }
    byId("status").textContent = "The browser’s copy was removed.";
    this.#showState("idle");
    byId("forget").hidden = true;
    byId("download").focus();
  }
}

function amountDone({ done, total }: Progress, milliseconds: number): string {
  const rate = done / Math.max(1, milliseconds) * 1000;
  const left = rate === 0 ? "" : `, ${formatSeconds((total - done) / rate)} left`;
  return `${formatBytes(done)} of ${formatBytes(total)}, ${formatBytes(rate)} a second${left}`;
}

/** Where downloads are kept. */
async function privateDirectory(): Promise<FileSystemDirectoryHandle> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle("downloads", { create: true });
  } catch (error) {
    throw new DesyncError("io", {
      action: "store",
      subject: "files in this browser",
      reason: "the browser does not allow it",
      hint: "private windows may not, and the page has to come by https or from this machine",
      cause: error,
    });
  }
}

async function keptNames(): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const name of (await privateDirectory()).keys()) names.push(name);
    return names;
  } catch {
    return [];
  }
}

/** Throws `io` when the browser says that there is not enough space. */
async function checkSpace(size: number): Promise<void> {
  const { quota = Infinity } = await navigator.storage.estimate();
  if (quota >= size) return;
  throw new DesyncError("io", {
    action: "store",
    subject: formatBytes(size),
    reason: "there is not enough space",
    hint: `the browser gives this site ${formatBytes(quota)}: free some on the disk`,
  });
}

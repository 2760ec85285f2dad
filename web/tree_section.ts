/** The section with the contents of an archive: a tree that is read as it is opened, a search, and single files. */
import { type ArchiveRange, listDirectory, type ListedEntry, readParts } from "../mod.ts";
import { nameText } from "../src/core/bytes.ts";
import { formatBytes } from "../src/core/amounts.ts";
import { byId, element, saveAs } from "./elements.ts";
import type { Opened } from "./opened.ts";
import { clearProblem, showProblem } from "./problem.ts";

/** Entries that are shown at a time. */
const MOST_SHOWN = 500;
const MOST_FOUND = 100;
/** A search begins when nothing was typed for so long, in milliseconds. */
const TYPING_MS = 250;

/** An entry with its path. */
interface Found {
  readonly path: string;
  readonly entry: ListedEntry;
}

/** The section, for the archive that is open now. */
export class TreeSection {
  readonly #opened: Opened;
  readonly #over = new AbortController();
  #all: Promise<readonly Found[]> | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(opened: Opened) {
    this.#opened = opened;
    const search = byId<HTMLInputElement>("search");
    search.value = "";
    search.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#search(search.value.trim()), TYPING_MS);
    }, { signal: this.#over.signal });
    byId("found").textContent = "";
  }

  /** Shows the root. */
  async show(): Promise<void> {
    byId("tree").replaceChildren(await this.#list());
  }

  close(): void {
    clearTimeout(this.#typing);
    this.#over.abort();
  }

  /** The entries of a directory as a list. */
  async #list(range?: ArchiveRange): Promise<HTMLUListElement> {
    const { signal } = this.#over;
    const entries = await listDirectory(this.#opened.access, range, { signal });
    const list = element("ul");
    const add = (from: number) => {
      list.append(...entries.slice(from, from + MOST_SHOWN).map((entry) => this.#item(entry, entry.name)));
      const left = entries.length - from - MOST_SHOWN;
      if (left <= 0) return;
      const more = element("button", { type: "button", className: "small" }, `Show more (${left} left)`);
      more.addEventListener("click", () => {
        more.parentElement?.remove();
        add(from + MOST_SHOWN);
      });
      list.append(element("li", {}, more));
    };
    add(0);
    if (entries.length === 0) list.append(element("li", { className: "quiet" }, "empty"));
    return list;
  }

  #item(entry: ListedEntry, shown: string): HTMLLIElement {
    const { node, range } = entry;
    if (node?.kind === "directory") {
      const inside = element("details", {}, element("summary", {}, `${shown}/`));
      inside.addEventListener("toggle", () => {
        if (inside.open && inside.children.length === 1) this.#open(inside, range);
      });
      return element("li", {}, inside);
    }
    const name = node?.kind === "symlink" ? `${shown} → ${nameText(node.target ?? new Uint8Array())}` : shown;
    const line = element("div", { className: "entry" }, element("span", { className: "name" }, name));
    if (node?.kind === "file") {
      const get = element("button", { type: "button", className: "small" }, "Download");
      get.ariaLabel = `Download ${shown}`;
      get.addEventListener("click", () => this.#save(entry, get));
      line.append(element("span", { className: "size" }, formatBytes(node.size)), get);
    } else line.append(element("span", { className: "size" }, node?.kind ?? "without content"));
    return element("li", {}, line);
  }

  async #open(inside: HTMLDetailsElement, range: ArchiveRange): Promise<void> {
    const waiting = element("p", { className: "quiet" }, "Loading …");
    inside.append(waiting);
    try {
      inside.append(await this.#list(range));
    } catch (error) {
      inside.open = false;
      await this.#failed(error);
    } finally {
      waiting.remove();
    }
  }

  /** Fetches the chunks of this file alone. */
  async #save({ name, range }: ListedEntry, button: HTMLButtonElement): Promise<void> {
    clearProblem();
    button.disabled = true;
    try {
      const { access } = this.#opened;
      const { signal } = this.#over;
      const pieces: BlobPart[] = [];
      const part = { name: new TextEncoder().encode(name), range };
      await readParts(({ start, end }) => access.pieces(start, end, { signal }), [part], (event) => {
        if (event.type === "data") pieces.push(event.bytes.slice());
      }, { signal });
      saveAs(name, new Blob(pieces, { type: "application/octet-stream" }));
    } catch (error) {
      await this.#failed(error);
    } finally {
      button.disabled = false;
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (!this.#over.signal.aborted) await showProblem(error, this.#opened.store);
  }

  async #search(text: string): Promise<void> {
    const status = byId("found");
    try {
      if (text === "") {
        status.textContent = "";
        await this.show();
        return;
      }
      if (this.#all === undefined) status.textContent = "All directories are being read …";
      this.#all ??= this.#walk();
      const wanted = text.toLowerCase();
      const found = (await this.#all).filter(({ path }) => path.toLowerCase().includes(wanted));
      if (byId<HTMLInputElement>("search").value.trim() !== text) return;
      status.textContent = `${found.length} found${
        found.length > MOST_FOUND ? `, the first ${MOST_FOUND} are shown` : ""
      }`;
      const items = found.slice(0, MOST_FOUND).map(({ path, entry }) => this.#item(entry, path));
      byId("tree").replaceChildren(element("ul", {}, ...items));
    } catch (error) {
      this.#all = undefined;
      status.textContent = "";
      await this.#failed(error);
    }
  }

  /** All entries. */
  async #walk(): Promise<Found[]> {
    const all: Found[] = [];
    const { signal } = this.#over;
    const directories: (readonly [path: string, range?: ArchiveRange])[] = [[""]];
    for (let next = directories.shift(); next !== undefined; next = directories.shift()) {
      const [around, range] = next;
      for (const entry of await listDirectory(this.#opened.access, range, { signal })) {
        const path = `${around}${entry.name}`;
        all.push({ path, entry });
        if (entry.node?.kind === "directory") directories.push([`${path}/`, entry.range]);
      }
    }
    return all;
  }
}

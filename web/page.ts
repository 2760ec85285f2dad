/** The page for a store: opens an index and shows the sections for it. The address of the page says what is open. */
import type { Index } from "../mod.ts";
import { formatBytes } from "../src/core/amounts.ts";
import { CompareSection } from "./compare_section.ts";
import { byId, terms } from "./elements.ts";
import { GetSection } from "./get_section.ts";
import { fetchIndex, openBlob, parseAddress, readIndexFile } from "./opened.ts";
import { clearProblem, showProblem } from "./problem.ts";
import { TreeSection } from "./tree_section.ts";

/** What is shown of the index that is open. */
let sections: readonly { close(): void }[] = [];

const indexField = byId<HTMLInputElement>("index");
const storeField = byId<HTMLInputElement>("store");

/** Opens what the form says. */
async function openAddress(): Promise<void> {
  let about: URL | undefined;
  await opening(async () => {
    const address = about = parseAddress(indexField.value.trim());
    const store = storeOf(address);
    const parameters = new URLSearchParams({ index: indexField.value.trim() });
    if (storeField.value.trim() !== "") parameters.set("store", storeField.value.trim());
    history.replaceState(null, "", `?${parameters}`);
    const index = await fetchIndex(about);
    about = store;
    await show(index, lastName(address), store);
  }, () => about);
}

/** The name of the file there. */
function lastName({ pathname }: URL): string {
  const name = pathname.split("/").at(-1)!;
  try {
    return decodeURIComponent(name);
  } catch {
    // A percent sign that stands for itself.
    return name;
  }
}

async function openFile(file: File): Promise<void> {
  let about: URL | undefined;
  await opening(async () => {
    about = storeOf(new URL(location.href));
    await show(await readIndexFile(file), file.name, about);
  }, () => about);
}

/** Where the store is: casync's default is beside the index. */
function storeOf(index: URL): URL {
  const text = storeField.value.trim();
  const url = text === "" ? new URL("default.castr/", index) : parseAddress(text);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

async function opening(open: () => Promise<void>, about: () => URL | undefined): Promise<void> {
  clearProblem();
  for (const section of sections) section.close();
  sections = [];
  byId("opened").hidden = true;
  try {
    await open();
  } catch (error) {
    await showProblem(error, about());
  }
}

async function show(index: Index, fileName: string, store: URL): Promise<void> {
  const opened = openBlob(index, fileName, store);
  const { name, isArchive } = opened;
  document.title = name;
  byId("title").textContent = name;
  byId("subtitle").textContent = `${isArchive ? "An archive" : "A file"} in chunks, from ${store.href}`;
  const different = new Set(Array.from({ length: index.count }, (_, i) => index.id(i))).size;
  const { min, avg, max } = index.sizes;
  byId("summary").replaceChildren(...terms([
    ["Size", `${formatBytes(index.size)} (${index.size.toLocaleString("en-US")} bytes)`],
    ["Chunks", `${index.count.toLocaleString("en-US")}, ${different.toLocaleString("en-US")} different`],
    ["Size of a chunk", `${formatBytes(min)} to ${formatBytes(max)}, ${formatBytes(avg)} on average`],
    ["Verified by", index.digest === "sha256" ? "SHA-256" : "SHA-512/256"],
  ]));
  const get = new GetSection(opened);
  const compare = new CompareSection(opened);
  const tree = isArchive ? new TreeSection(opened) : undefined;
  sections = [get, compare, ...tree === undefined ? [] : [tree]];
  byId("contents").hidden = tree === undefined;
  byId("opened").hidden = false;
  await Promise.all([get.show(), tree?.show()]);
}

byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  openAddress();
});
byId("index-file").addEventListener("change", () => {
  const [file] = byId<HTMLInputElement>("index-file").files ?? [];
  if (file !== undefined) openFile(file);
});
const parameters = new URLSearchParams(location.search);
storeField.value = parameters.get("store") || document.documentElement.dataset.store || "";
indexField.value = parameters.get("index") ?? "";
if (indexField.value !== "") openAddress();

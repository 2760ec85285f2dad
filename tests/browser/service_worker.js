/** As docs/browser.md has it: a blob in chunks under a URL of its own. */
// @ts-ignore: bundled when the test runs
import { blobHandler, ChunkedBlob, HttpStore, parseIndex } from "./made/desync.js";

async function open() {
  const response = await fetch("testdata/casync-blob.caibx");
  const index = parseIndex(new Uint8Array(await response.arrayBuffer()));
  const store = new HttpStore(new URL("testdata/casync-zstd.castr", location.href).href);
  return blobHandler(ChunkedBlob.open(index, store, { keepBytes: 16_000_000 }), { fileName: "image.img" });
}

let handler;
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (!event.request.url.endsWith("/image.img")) return;
  handler ??= open();
  event.respondWith(handler.then((answer) => answer(event.request)));
});

/** Runs in Chromium: what the benchmark of browsers measures. */

const at = (path) => new URL(path, location.href).href;
const desync = await import(at("made/desync.js"));
const { ChunkedBlob, HttpStore, Progress, retryStore } = desync;

async function readIndex() {
  const response = await fetch(at("index.caibx"));
  return desync.parseIndex(new Uint8Array(await response.arrayBuffer()));
}

/** Milliseconds that a blob takes, from the first request to the last byte. */
async function download({ kind, store }) {
  const index = await readIndex();
  const stores = [retryStore(new HttpStore(store, { batches: true }))];
  const start = performance.now();
  const workers = new desync.WebWorkers({
    start: () => new Worker(at("made/worker.js"), { type: "module" }),
  });
  const directory = await navigator.storage.getDirectory();
  try {
    if (kind === "file") {
      await desync.extractToPrivateFile(index, stores, directory, "blob", workers, {
        progress: new Progress(),
      });
    } else {
      const bulk = workers.reader(index, { stores });
      let size = 0;
      const count = new WritableStream({ write: (piece) => void (size += piece.length) });
      await ChunkedBlob.open(index, { stores }, { bulk }).stream().pipeTo(count);
      if (size !== index.size) throw new Error(`${size} bytes instead of ${index.size}`);
    }
    return performance.now() - start;
  } finally {
    workers[Symbol.dispose]();
    for await (const name of directory.keys()) await directory.removeEntry(name);
  }
}

const task = await (await fetch(at("task"))).json();
const body = await download(task).then(String, ({ stack }) => stack);
await fetch(at("outcome"), { method: "POST", body });

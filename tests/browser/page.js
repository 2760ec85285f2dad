/** Runs in the browser: what the test calls, on the library as it was bundled for browsers. */

const at = (path) => new URL(path, location.href).href;
const desync = await import(at("made/desync.js"));
const { DesyncError, HttpStore, Progress, retryStore } = desync;

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function bytesOf(path) {
  const response = await fetch(at(path));
  return new Uint8Array(await response.arrayBuffer());
}

async function readIndex(path) {
  return desync.parseIndex(await bytesOf(path));
}

/** Collects what is written into it. */
function collector() {
  const pieces = [];
  const writable = new WritableStream({ write: (piece) => void pieces.push(piece.slice()) });
  return { writable, bytes: async () => new Uint8Array(await new Blob(pieces).arrayBuffer()) };
}

/** Extracts a blob. Returns its size and SHA-256. */
async function extract(index, store) {
  const { writable, bytes } = collector();
  await desync.extract(await readIndex(index), new HttpStore(at(store)), writable);
  const blob = await bytes();
  return { size: blob.length, sha256: await sha256(blob) };
}

/** The same for a part of it. */
async function read(index, store, from, to) {
  const blob = desync.ChunkedBlob.open(await readIndex(index), new HttpStore(at(store)));
  return await sha256(await blob.slice(from, to).bytes());
}

/** Cuts a file and returns the SHA-256 of the index. */
async function cut(path) {
  const builder = new desync.IndexBuilder(desync.DEFAULT_CHUNK_SIZES, "sha512-256");
  const response = await fetch(at(path));
  const reader = response.body.pipeThrough(new desync.ChunkerStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    builder.add([next.value.length], desync.portableCodec.digest("sha512-256", next.value));
  }
  return await sha256(desync.serializeIndex(builder.build()));
}

const makeWorkers = () =>
  new desync.WebWorkers({ size: 2, start: () => new Worker(at("made/worker.js"), { type: "module" }) });

/** Builds a blob in the private file system. `stopAt`: bytes after which it is aborted. `seed`: an older file, `delta`: for it. */
async function save(indexPath, store, { stopAt, seed, delta } = {}) {
  const index = await readIndex(indexPath);
  const directory = await navigator.storage.getDirectory();
  const name = await desync.blobKey(index);
  const [progress, stop] = [new Progress(), new AbortController()];
  const workers = makeWorkers();
  const watch = setInterval(() => progress.done >= (stopAt ?? Infinity) && stop.abort(), 1);
  try {
    const stores = [
      retryStore(new HttpStore(at(store), { batches: true }), { retries: 1, baseIntervalMs: 1 }),
    ];
    const seeds = [];
    if (seed !== undefined) {
      const file = new File([await bytesOf(seed)], "older.img");
      seeds.push({ name: file.name, file, index: await workers.cut(file, index) });
    }
    const deltas = [];
    if (delta !== undefined) {
      deltas.push(await desync.openDeltaFile(at(delta)));
      deltas.push(await desync.openDeltaFile(new File(["no delta"], "a file")));
    }
    const problems = [];
    const onDeltaProblem = ({ message }) => problems.push(message);
    const options = { progress, signal: stop.signal, seeds, deltas, onDeltaProblem };
    const file = await desync.extractToPrivateFile(index, stores, directory, name, workers, options);
    const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
    const from = Object.fromEntries(progress.sources.map(({ origin, bytes }) => [origin.kind, bytes]));
    return { sha256: await sha256(bytes), from, problems };
  } finally {
    clearInterval(watch);
    workers[Symbol.dispose]();
  }
}

/**
 * Runs an example of docs/browser.md that asks for a file, as if the user had chosen one that has `before`. Nobody can choose
 * here: it is a file of the private file system, which has the same interface. What is in it then, and what was thrown.
 */
async function choose(code, indexPath, store, { before, seed, stopAt } = {}) {
  const directory = await navigator.storage.getDirectory();
  const file = await directory.getFileHandle("chosen.img", { create: true });
  const stream = await file.createWritable();
  await stream.write(before);
  await stream.close();
  globalThis.showSaveFilePicker = () => Promise.resolve(file);
  const [index, workers] = [await readIndex(indexPath), makeWorkers()];
  const [progress, stop, saveButton] = [new Progress(), new AbortController(), {}];
  const watch = setInterval(() => progress.done >= (stopAt ?? Infinity) && stop.abort(), 1);
  const stores = [
    retryStore(new HttpStore(at(store), { batches: true }), { retries: 1, baseIntervalMs: 1 }),
  ];
  const seeds = [];
  // The file itself is the older version.
  if (seed) {
    const older = await file.getFile();
    seeds.push({ name: older.name, file: older, index: await workers.cut(older, index) });
  }
  const given = { extractToChosenFile: desync.extractToChosenFile, index, stores, workers, seeds };
  const all = { ...given, progress, stop, saveButton };
  let thrown;
  try {
    new Function(...Object.keys(all), code)(...Object.values(all));
    await saveButton.onclick();
  } catch (error) {
    thrown = error.code;
  } finally {
    clearInterval(watch);
    workers[Symbol.dispose]();
  }
  const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
  const from = Object.fromEntries(progress.sources.map(({ origin, bytes }) => [origin.kind, bytes]));
  await directory.removeEntry("chosen.img");
  return { sha256: await sha256(bytes), from, thrown };
}

/** The names in the private file system, and removes them. */
async function saved() {
  const directory = await navigator.storage.getDirectory();
  const names = await Array.fromAsync(directory.keys());
  for (const name of names) await directory.removeEntry(name);
  return names;
}

/** Streams a blob that is as large as so many times the one of the index: by web workers, into a fake USB device. */
async function flash(indexPath, store, times) {
  const one = await readIndex(indexPath);
  const builder = new desync.IndexBuilder(one.sizes, one.digest);
  const lengths = Array.from({ length: one.count }, (_, i) => one.length(i));
  for (let i = 0; i < times; i++) builder.add(lengths, one.ids);
  const index = builder.build();
  const workers = makeWorkers();
  const progress = new Progress();
  const device = new FakeDevice();
  try {
    const stores = [retryStore(new HttpStore(at(store), { batches: true }))];
    const blob = desync.ChunkedBlob.open(index, { stores }, {
      bulk: workers.reader(index, { stores }, progress),
    });
    await writeToDevice(blob.stream(), device, (done) => device.seen = done);
    const bytes = await device.bytes();
    return { sha256: await sha256(bytes), seen: device.seen, most: device.most, counted: progress.done > 0 };
  } finally {
    workers[Symbol.dispose]();
  }
}

/** As docs/browser.md has it. */
async function writeToDevice(stream, device, onWritten) {
  let written = 0;
  for await (const piece of stream) {
    for (let at = 0; at < piece.length; at += 16384) {
      const part = piece.subarray(at, at + 16384);
      const { status, bytesWritten } = await device.transferOut(1, part);
      if (status !== "ok" || bytesWritten !== part.length) {
        throw new Error(`the device stopped after ${written}`);
      }
      written += bytesWritten;
    }
    onWritten(written);
  }
}

class FakeDevice {
  #pieces = [];
  most = 0;

  async transferOut(_endpoint, bytes) {
    this.most = Math.max(this.most, bytes.length);
    this.#pieces.push(bytes.slice());
    return await { status: "ok", bytesWritten: bytes.length };
  }

  async bytes() {
    return new Uint8Array(await new Blob(this.#pieces).arrayBuffer());
  }
}

/** Has a service worker serve the blob, and reads a part of it. */
async function range(from, to) {
  await navigator.serviceWorker.register(at("service_worker.js"), { type: "module" });
  await navigator.serviceWorker.ready;
  if (navigator.serviceWorker.controller === null) {
    await new Promise((resolve) => navigator.serviceWorker.oncontrollerchange = resolve);
  }
  const response = await fetch(at("image.img"), { headers: { range: `bytes=${from}-${to - 1}` } });
  return [response.status, await sha256(await response.arrayBuffer())];
}

/** Calls one of them. Errors come back as their code and text. */
globalThis.call = async (name, ...args) => {
  try {
    return await { extract, read, cut, save, choose, saved, flash, range }[name](...args);
  } catch (error) {
    if (!(error instanceof DesyncError)) throw error;
    return { code: error.code, message: error.message };
  }
};
document.getElementById("state").textContent = "ready";

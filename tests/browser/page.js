/** Runs in the browser: what the test calls, on the library as it was bundled for browsers. */

const at = (path) => new URL(path, location.href).href;
const desync = await import(at("desync.js"));

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function readIndex(path) {
  const response = await fetch(at(path));
  return desync.parseIndex(new Uint8Array(await response.arrayBuffer()));
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
  await desync.extract(await readIndex(index), new desync.HttpStore(at(store)), writable);
  const blob = await bytes();
  return { size: blob.length, sha256: await sha256(blob) };
}

/** The same for a part of it. */
async function read(index, store, from, to) {
  const blob = desync.ChunkedBlob.open(await readIndex(index), new desync.HttpStore(at(store)));
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

/** Calls one of them. Errors come back as their code and text. */
globalThis.call = async (name, ...args) => {
  try {
    return await { extract, read, cut }[name](...args);
  } catch (error) {
    return { code: error.code, message: error.message };
  }
};
document.getElementById("state").textContent = "ready";

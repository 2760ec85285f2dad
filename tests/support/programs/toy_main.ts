/** The command line with one more scheme, `toy://`: chunks, indexes and files that lie side by side, but in no store's layout. */
import { main as mainOfAll } from "../../../src/cli/main.ts";
import { printError } from "../../../src/cli/output/output.ts";
import type { StoredChunk, StoredForm } from "../../../src/core/chunk.ts";
import { SCHEMES } from "../../../src/deno/schemes.ts";
import { serializeIndex } from "../../../src/formats/index/index.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import type { WritableIndexStore } from "../../../src/stores/index_store.ts";
import { urlOfIndex } from "../../../src/stores/location.ts";
import type { Opener, Scheme } from "../../../src/stores/scheme.ts";
import type { WritableChunkStore } from "../../../src/stores/store.ts";

/** Of `toy://secret@/path`, the path. */
const pathOf = (location: string) => location.replace(/^toy:\/\/[^/]*/, "");
const redact = (location: string) => location.replace(/\/\/.*@/, "//");

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Stores that are not closed, and the opener. */
let open = 0;

function chunks(location: string): WritableChunkStore {
  open++;
  const place = (id: string, form: StoredForm) => `${pathOf(location)}/${form}-${id}`;
  const get = async (id: string): Promise<StoredChunk | null> => {
    for (const form of ["compressed", "plain"] as const) {
      const bytes = await readIfThere(place(id, form));
      if (bytes !== null) return { form, bytes };
    }
    return null;
  };
  return {
    properties: { location: redact(location), probe: "by-get" },
    get,
    has: async (id) => await get(id) !== null,
    async put({ id, stored }) {
      await Deno.writeFile(place(id, stored.form), stored.bytes);
      return { storedBytes: stored.bytes.length };
    },
    [Symbol.asyncDispose]: () => {
      open--;
      return Promise.resolve();
    },
  };
}

function indexes(store: string): WritableIndexStore {
  const place = (name: string) => pathOf(urlOfIndex(store, name));
  return {
    read: async (name) => parseIndex(await Deno.readFile(place(name))),
    check: () => Promise.resolve(),
    write: async (name, index) => await Deno.writeFile(place(name), serializeIndex(index)),
  };
}

const opener: Opener = {
  openChunks: (location) => Promise.resolve(chunks(location)),
  openIndexes: (store) => Promise.resolve(indexes(store)),
  openBytes: (location) =>
    Promise.resolve({
      async *stream() {
        yield await Deno.readFile(pathOf(location));
      },
      access: () => Promise.resolve(null),
    }),
  [Symbol.dispose]: () => void open--,
};

function load(): Promise<Opener> {
  open++;
  return Promise.resolve(opener);
}

const schemes: Scheme[] = SCHEMES as Scheme[];
// The one line that a scheme takes.
schemes.push({ names: ["toy"], redact, load });

/** Runs the command line. The status is 70 when it leaves something open. */
export async function main(args: readonly string[]): Promise<number> {
  const status = await mainOfAll(args);
  if (open === 0) return status;
  printError(`${open} of the toys were left open\n`);
  open = 0;
  return 70;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

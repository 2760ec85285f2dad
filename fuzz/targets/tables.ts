/** The tables of children in archives, by which single paths are found. */
import { ok } from "node:assert/strict";
import { ArchiveDecoder, type ArchiveEvent } from "../../src/formats/archive/archive.ts";
import { ELEMENT } from "../../src/formats/archive/archive_elements.ts";
import { findInArchive } from "../../src/archive/find_in_archive.ts";
import type { RandomAccess } from "../../src/stores/byte_source.ts";
import { repairArchive, splitElements } from "../archive_pieces.ts";
import { directory, file, symlink } from "../../tests/support/data/archive_bytes.ts";
import { everything } from "../everything.ts";
import { type Target, words } from "../target.ts";

/** Paths that seeds have. */
const PATHS = [["a"], ["d", "inner", "deep"], ["z", "x"]].map((names) => words(...names));
/** Of more, the first are looked for. */
const MOST_PATHS = 10;

interface Counted extends RandomAccess {
  reads: number;
}

function accessTo(input: Uint8Array): Counted {
  return {
    size: input.length,
    reads: 0,
    read(offset, length) {
      this.reads++;
      ok(offset >= 0 && length >= 0 && offset + length <= input.length, `reads ${length} bytes at ${offset}`);
      return Promise.resolve(input.subarray(offset, offset + length));
    },
    async *pieces(start, end) {
      yield await this.read(start, end - start);
    },
  };
}

/** The events of what is an archive, or a part of one; whether the error is the right one is seen elsewhere. */
function decode(input: Uint8Array, part: boolean): ArchiveEvent[] | undefined {
  const decoder = new ArchiveDecoder({ part });
  const events: ArchiveEvent[] = [];
  const take = () => {
    for (let event = decoder.next(); event !== null; event = decoder.next()) events.push(event);
  };
  try {
    decoder.push(input);
    take();
    decoder.end();
    take();
    decoder.finish();
    return events;
  } catch {
    return undefined;
  }
}

/** The paths of all nodes but the root. */
function pathsIn(events: readonly ArchiveEvent[]): Uint8Array[][] {
  const open: Uint8Array[] = [];
  const paths: Uint8Array[][] = [];
  for (const event of events) {
    if (event.type === "node") {
      open.push(event.node.name);
      if (open.length > 1) paths.push(open.slice(1));
    } else if (event.type === "end") open.pop();
  }
  return paths;
}

async function find(input: Uint8Array, path: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const access = accessTo(input);
  try {
    const places = await findInArchive(access, path);
    return places.map(({ start, end }) => input.subarray(start, end));
  } finally {
    ok(access.reads <= path.length * (input.length / 8 + 10), `${access.reads} reads`);
  }
}

export const tables: Target = {
  name: "tables",
  codes: ["invalid-archive", "missing-path"],
  words: Object.values(ELEMENT).map((type) => new Uint8Array(BigUint64Array.of(type).buffer)),
  seeds: () => [
    everything(),
    directory([
      ["d", directory([["inner", directory([["deep", file("x")]])]])],
      ["a", symlink("b")],
      ["a", file("y")],
    ]),
    directory("gfedcba".split("").map((name) => [name, file(name)])),
  ],
  split: splitElements,
  repair: (input, random) => random.below(2) === 0 ? repairArchive(input) : input,
  async check(input) {
    const events = decode(input, false);
    if (events === undefined) {
      let found = 0;
      for (const path of PATHS) found += (await find(input, path)).length;
      return `broken ${Math.min(found, 2)}`;
    }
    // What is read from the beginning to the end can be found by the tables, and is a node there.
    const paths = pathsIn(events).slice(0, MOST_PATHS);
    for (const path of paths) {
      const parts = await find(input, path);
      ok(parts.length > 0, "a path that is there is not found");
      for (const part of parts) ok(decode(part, true)?.[0].type === "node", "what is found is no node");
    }
    return `whole ${Math.min(paths.length, 2)}`;
  },
};

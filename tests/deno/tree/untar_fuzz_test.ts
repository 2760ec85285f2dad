/**
 * Archives with changes in them, by chance but in the places where it hurts, are unpacked: an error or a tree, never anything
 * outside of the target. How they are decoded is for `deno task fuzz`.
 *
 * The changes come from a seed, which is printed; DESYNC_FUZZ_RUNS asks for more of them than the suite has time for.
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import { nativeTree } from "../../../src/deno/tree/native_tree.ts";
import { portableTree } from "../../../src/deno/tree/portable_tree.ts";
import type { TreeSystem } from "../../../src/deno/tree/tree_system.ts";
import { untarBy } from "../../../src/deno/untar.ts";
import {
  device,
  directory,
  element,
  fifo,
  file,
  named,
  symlink,
  types,
} from "../../support/data/archive_bytes.ts";
import { joined } from "../../support/data/joined.ts";
import { type Random, random } from "../../support/random.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { amount, takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const RUNS = Number(Deno.env.get("DESYNC_FUZZ_RUNS") ?? "1");
const UNPACKED = amount(60, 300) * RUNS;

// Whoever breaks the code to see the test fail is root, perhaps: what leads outside leads to what the test has made, and
// absolute paths to what is nowhere.
const text = new TextEncoder();
const u64 = (...values: bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer);

/** Everything that an archive can have, in little. */
const everything = directory([
  [
    "a",
    file(
      "content",
      { mode: 0o4755 },
      named(types.user, "daemon"),
      named(types.group, "staff"),
      element(types.xattr, text.encode("user.x\0value")),
    ),
  ],
  [
    "acl",
    file(
      "x",
      {},
      element(types.aclUser, u64(1n, 7n), text.encode("daemon\0")),
      element(types.aclGroup, u64(12n, 5n)),
      element(types.aclGroupObj, u64(4n)),
    ),
  ],
  [
    "caps",
    file(
      "x",
      {},
      element(types.fcaps, new Uint8Array(20)),
      named(types.selinux, "system_u:object_r:etc_t:s0"),
      element(types.quotaProjectId, u64(7n)),
    ),
  ],
  [
    "d",
    directory([["inner", directory([["deep", file("deep")], ["up", symlink("../../../outside")]])], [
      "link",
      symlink("../../outside"),
    ]], { mode: 0o700 }),
  ],
  ["null", device("char", 1, 3)],
  ["out", symlink("../outside")],
  ["pipe", fifo()],
  [
    "z",
    directory([["victim", file("x".repeat(300))]], {
      more: [element(types.aclDefault, u64(7n, 5n, 0n, 7n))],
    }),
  ],
]);

const archives = [
  everything,
  directory([["out", symlink("../outside")], ["out", directory([["victim", file("new")]])], [
    "x",
    file("y"),
  ]]),
  Deno.readFileSync(testdata("nodes.catar")),
  withoutData(Deno.readFileSync(testdata("tree.catar"))),
  withoutData(Deno.readFileSync(testdata("desync-tree.catar"))),
];

/** A real archive up to its file of 100,000 bytes, which has no structure to be changed. */
function withoutData(archive: Uint8Array): Uint8Array {
  const parts = elementsOf(archive).filter((part) => part.length < 50_000);
  return joined(parts);
}

/** The elements of an archive that may be one no longer, as far as they go. */
function elementsOf(archive: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  for (let at = 0; at < archive.length;) {
    const size = at + 16 <= archive.length ? Number(view.getBigUint64(at, true)) : Infinity;
    const end = size >= 16 && at + size <= archive.length ? at + size : archive.length;
    parts.push(archive.slice(at, end));
    at = end;
  }
  return parts;
}

const NAMES = [
  "..",
  ".",
  "/",
  "/nowhere/passwd",
  "../outside/victim",
  "a/b",
  "",
  "out",
  "d",
  "x".repeat(255),
  "x".repeat(256),
  "\xff",
  "a\0b",
  ".tmp-untar-",
];
const NUMBERS = [
  0n,
  1n,
  15n,
  16n,
  17n,
  64n,
  255n,
  4095n,
  4096n,
  2n ** 16n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 52n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const MODES = [
  0o100644n,
  0o104777n,
  0o040777n,
  0o120777n,
  0o010644n,
  0o140644n,
  0o060644n,
  0o020644n,
  0n,
  0o170000n,
];

function pick<T>(generator: Random, from: readonly T[]): T {
  return from[generator.below(from.length)];
}

/** Changes what elements say, which elements there are, or any bytes. */
function mutate(archive: Uint8Array, generator: Random): Uint8Array {
  let parts = elementsOf(archive);
  for (let changes = 1 + generator.below(4); changes > 0; changes--) {
    const at = generator.below(parts.length);
    const part = parts[at];
    const view = new DataView(part.buffer, part.byteOffset, part.length);
    switch (generator.below(9)) {
      case 0: // any bit
        part[generator.below(part.length)] ^= 1 << generator.below(8);
        break;
      case 1: { // a name, with a size that fits
        const name = Uint8Array.from(pick(generator, NAMES), (c) => c.charCodeAt(0));
        const type = pick(generator, [types.filename, types.filename, types.symlink, types.user]);
        parts[at] = element(type, name, Uint8Array.of(0));
        break;
      }
      case 2: // a number where one may be
        if (part.length >= 24) {
          view.setBigUint64(
            16 + 8 * generator.below((part.length - 16) >> 3),
            pick(generator, NUMBERS),
            true,
          );
        }
        break;
      case 3: // a size
        if (part.length >= 8) {
          view.setBigUint64(
            0,
            pick(generator, [...NUMBERS, BigInt(part.length + 1), BigInt(part.length - 1)]),
            true,
          );
        }
        break;
      case 4: // a kind
        if (part.length === 64) view.setBigUint64(24, pick(generator, MODES), true);
        break;
      case 5: // an element goes, or comes twice, or elsewhere
        parts.splice(
          at,
          generator.below(2),
          ...(generator.below(2) === 0 ? [] : [pick(generator, parts).slice()]),
        );
        break;
      case 6: { // a part of another archive
        const other = elementsOf(pick(generator, archives));
        const start = generator.below(other.length);
        parts.splice(at, 1, ...other.slice(start, start + 1 + generator.below(5)));
        break;
      }
      case 7: // an end
        parts = [...parts.slice(0, at), part.subarray(0, generator.below(part.length + 1))];
        break;
      default: // a table without its last rows, or a type
        if (part.length >= 16) view.setBigUint64(8, pick(generator, Object.values(types)), true);
    }
    if (parts.length === 0) parts = [new Uint8Array(1)];
  }
  const bytes = joined(parts);
  return bytes.length === 0 ? new Uint8Array(1) : bytes;
}

/** Without chattr's flags, after which tests could not remove what they have made. */
function withoutFlags(system: TreeSystem): TreeSystem {
  return new Proxy(system, {
    get(target, key) {
      if (key === "addFlags" || key === "setProject") return () => {};
      const value = Reflect.get(target, key) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** All that is around the target, with what an escape could change of it. */
function surroundings(dir: TempDir): string[] {
  const seen: string[] = [];
  const look = (path: string) => {
    const { mode, size, mtime, isDirectory, uid } = Deno.lstatSync(path);
    // The directory's own time changes with the target.
    const time = path === dir.root ? 0 : mtime?.getTime();
    seen.push(`${path} ${mode} ${size * Number(path !== dir.root)} ${time} ${uid}`);
    if (!isDirectory) return;
    for (const { name } of Deno.readDirSync(path)) {
      if (`${path}/${name}` !== `${dir.root}/target`) look(`${path}/${name}`);
    }
  };
  look(dir.root);
  return seen.sort();
}

for (const [way, system] of [["native", nativeTree()], ["portable", portableTree()]] as const) {
  inTurn()({
    name: `changed archives are unpacked (${way}): nothing outside of the target changes`,
    ignore: system === null || Deno.build.os === "windows",
    fn: async () => {
      using dir = tempDir();
      dir.write("outside/victim", "untouched");
      dir.write("victim", "untouched");
      dir.write("passwd", "untouched");
      const generator = random();
      const before = surroundings(dir);
      const target = dir.path("target");
      let done = 0;
      for (let run = 0; run < UNPACKED; run++) {
        const bytes = mutate(pick(generator, archives), generator);
        try {
          await untarBy(new Blob([new Uint8Array(bytes)]).stream(), target, {
            system: withoutFlags(system!),
          });
          done++;
        } catch (error) {
          const { code } = error as { code?: string };
          ok(
            ["invalid-archive", "io", "missing-file", "unsupported", "usage"].includes(code ?? ""),
            (error as Error).stack,
          );
        }
        deepStrictEqual(surroundings(dir), before, `run ${run}`);
        // Others unpack into what the ones before have left, which is more to trip over.
        if (run % 10 === 9) await new Deno.Command("rm", { args: ["-rf", target] }).output();
      }
      ok(done < UNPACKED);
    },
  });
}

/**
 * casync, desync in Go and this program, each with the archives of the others: the tables of docs/interop.md about those.
 */

import { ok } from "node:assert/strict";
import { join } from "node:path";
import { canSetAttributes, CHATTR, setChattr } from "../support/system/attributes.ts";
import { featureTrees, makeFeatureTree } from "../support/data/feature_trees.ts";
import { gnuTar, tar } from "../support/data/gnu_tar.ts";
import { type Outcome, outcome, tryTable } from "../support/documents/matrix.ts";
import type { RunResult } from "../support/process.ts";
import { tempDir } from "../support/temp.ts";
import { differences, type TreeState, treeState } from "../support/system/tree_state.ts";
import {
  contentDiffers,
  everyOther,
  forEach,
  fresh,
  ignore,
  labels,
  type Program,
  programs,
  start,
  startWell,
} from "./matrix_programs.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Packs a tree into an archive, or into an index and a store. */
function packs(program: Program, tree: string, archive: string, store?: string): Promise<RunResult> {
  if (program === "casync") {
    return startWell(program, ["make", ...store === undefined ? [] : [`--store=${store}`], archive, tree]);
  }
  return startWell(program, ["tar", ...store === undefined ? [] : ["-i", "-s", store], archive, tree]);
}

/** Unpacks it, and says what comes of the tree. */
async function unpacks(
  program: Program,
  expected: TreeState,
  target: string,
  archive: string,
  store?: string,
): Promise<Outcome> {
  const words = program === "casync"
    ? ["extract", ...store === undefined ? [] : [`--store=${store}`], archive, target]
    : ["untar", ...store === undefined ? [] : ["-i", "-s", store], archive, target];
  const result = await start(program, words);
  return outcome(result, result.code === 0 ? differences(await treeState(target), expected) : []);
}

const usual = ["files and directories: modes, owners, times", "symlinks"];

inTurn()({
  name: "docs/interop.md: archives",
  ignore: ignore || !canSetAttributes,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.path("tree");
    await makeFeatureTree(tree, usual);
    const expected = await treeState(tree);
    const rows = programs.flatMap((packer) =>
      ["catar", "caidx"].map((ending) =>
        [`${packer}, .${ending}`, async () => {
          const archive = dir.path(`${packer}.${ending}`);
          const store = ending === "caidx" ? dir.dir(`${packer}.castr`) : undefined;
          await packs(packer, tree, archive, store);
          return forEach((program) => unpacks(program, expected, fresh(dir), archive, store));
        }] as const
      )
    );
    await tryTable("Archives", Object.fromEntries(rows), labels(programs, [".catar", ".caidx"]));
  },
});

/** Whether files here have chattr's flags. */
function hasChattr(): boolean {
  using dir = tempDir();
  return setChattr(dir.write("file", ""), CHATTR.noatime);
}

inTurn()({
  name: "docs/interop.md: what archives keep",
  ignore: ignore || !canSetAttributes || !hasChattr(),
  fn: async () => {
    using dir = tempDir();
    const trees: Record<string, { name: string; expected: TreeState }> = {};
    for (const feature of Object.keys(featureTrees)) {
      const name = `tree-${Object.keys(trees).length}`;
      await makeFeatureTree(dir.path("all", name), [feature]);
      trees[feature] = { name, expected: await treeState(dir.path("all", name)) };
    }
    const all = (packer: Program) => dir.path(`all-${packer}.catar`);
    await Promise.all(programs.map((packer) => packs(packer, dir.path("all"), all(packer))));
    const same = contentDiffers(all("this program"), Deno.readFileSync(all("casync")));
    ok(same.length === 0, "this program's archive is not casync's");

    const rows = async (packer: Program) => {
      // What others cannot read ends the whole of it, so they get each thing by itself.
      const target = fresh(dir);
      const ours = await start("this program", ["untar", all(packer), target]);
      return Object.fromEntries(
        Object.entries(trees).map(([feature, { name, expected }]) => [feature, async () => {
          const archive = dir.path(`${name}-${packer}.catar`);
          await packs(packer, dir.path("all", name), archive);
          return forEach(async (program) =>
            program === "this program"
              ? outcome(ours, differences(await treeState(join(target, name)), expected))
              : await unpacks(program, expected, fresh(dir), archive)
          );
        }]),
      );
    };
    const tried = everyOther(trees);
    await tryTable("Archives by casync or this program", await rows("casync"), tried);
    await tryTable("Archives by desync", await rows("desync"), tried);
  },
});

Deno.test({
  name: "docs/interop.md: tar",
  ignore: ignore || !canSetAttributes || !gnuTar,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.path("tree");
    await makeFeatureTree(tree, usual, "12:34:56");
    const expected = await treeState(tree);
    const archive = dir.path("archive.catar");
    await packs("this program", tree, archive);
    const cells = (attempt: (program: Program) => Promise<Outcome>) => {
      const { desync, "this program": ours } = forEach(attempt);
      return Promise.resolve({ desync, "this program": ours });
    };
    const packed = (format: string) => async () => {
      const file = dir.path(`${format}.tar`);
      await tar(["-C", tree, `--format=${format}`, "-cf", file, "."]);
      return cells(async (program) => {
        const made = fresh(dir);
        const result = await start(program, ["tar", "--input-format", "tar", made, file]);
        return result.code === 0 ? unpacks("this program", expected, fresh(dir), made) : outcome(result, []);
      });
    };
    const written = () =>
      cells(async (program) => {
        const [file, target] = [fresh(dir), dir.dir(`written-${program}`)];
        const result = await start(program, ["untar", "--output-format", "gnu-tar", archive, file]);
        if (result.code !== 0) return outcome(result, []);
        await tar(["-C", target, "-xpf", file]);
        return outcome(result, differences(await treeState(target), expected));
      });
    await tryTable("Tar", {
      "by GNU tar, `--format=gnu`, packed": packed("gnu"),
      "by GNU tar, `--format=pax`, packed": packed("pax"),
      "of this program's archive, read by GNU tar": written,
    });
  },
});

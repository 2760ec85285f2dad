/** Two versions and the delta between them, for tests of the commands. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openPrefixCompressor } from "../../../src/deno/codec/prefix_compressor.ts";
import { runCli } from "../cli.ts";
import { type Made, makeBlob } from "../made.ts";
import { random } from "../random.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../servers/faulty_server.ts";
import type { TempDir } from "../temp.ts";
import { newPieces, oldPieces } from "./changed_versions.ts";

/** Whether deltas can be made here. */
export const canMake: boolean = hasLibrary();

function hasLibrary(): boolean {
  try {
    openPrefixCompressor()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** More than what is read of a delta at first. */
const NEW_BYTES = 40_000;

/** Two versions: what was made of each, and its file. */
export interface Versions {
  readonly old: Made;
  readonly next: Made;
  readonly v1: string;
  readonly v2: string;
}

/** Two versions as files, each with its index and its store. `added` chunks of the new one are like none of the old one. */
export function versions(dir: TempDir, { added = 0 } = {}): Versions {
  const generator = random();
  const pieces = oldPieces(generator, 30);
  const old = makeBlob(dir, pieces, { name: "old" });
  const more = Array.from({ length: added }, () => generator.bytes(NEW_BYTES));
  const next = makeBlob(dir, [...newPieces(generator, pieces, NEW_BYTES), ...more], { name: "next" });
  return { old, next, v1: dir.write("v1.raw", old.bytes), v2: dir.write("v2.raw", next.bytes) };
}

/** A server with the files of a directory, that gives parts of them, if it can. */
export async function serveParts(root: string, { parts = true } = {}): Promise<FaultyServer> {
  return await startFaultyServer({}, ({ path, headers }) => {
    let body: Uint8Array;
    try {
      body = Deno.readFileSync(root + path);
    } catch {
      return { status: 404 };
    }
    return parts ? partOf(body, headers) : { body };
  });
}

/** The part of a file that a request asks for, or all of it. */
export function partOf(body: Uint8Array, headers: Headers): Answer & { body: Uint8Array } {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
  if (from === undefined) return { body };
  const end = Math.min(Number(to) + 1, body.length);
  const range = `bytes ${from}-${end - 1}/${body.length}`;
  return { status: 206, headers: { "content-range": range }, body: body.subarray(Number(from), end) };
}

/** Makes the delta of the two, as files. */
export async function makeDelta(dir: TempDir, { old, next, v1, v2 }: Versions): Promise<string> {
  const delta = dir.path("web", "delta");
  const { code, stdout, stderr } = await runCli([
    "delta",
    `${old.index}:${v1}`,
    `${next.index}:${v2}`,
    delta,
  ]);
  deepStrictEqual([code, stdout, stderr], [0, "", ""]);
  return delta;
}

/** The sources of the statistics, by the first word of their names: bytes of the blob, and those that were read. */
export function sourcesOf(stdout: string): Record<string, number[]> {
  const { sources }: { sources: { name: string; bytes: number; storedBytes: number }[] } = JSON.parse(stdout);
  return Object.fromEntries(
    sources.map(({ name, bytes, storedBytes }) => [name.split(" ")[0], [bytes, storedBytes]]),
  );
}

/** Trees of two versions, packed into one store, and their delta. */
export async function treeVersions(dir: TempDir): Promise<{ delta: string; indexes: string[] }> {
  const generator = random();
  const pieces = oldPieces(generator, 24);
  const indexes: string[] = [];
  for (const [i, files] of [pieces, newPieces(generator, pieces, NEW_BYTES)].entries()) {
    for (const [n, bytes] of files.entries()) dir.write(`tree${i}/d${n % 3}/${n}`, bytes);
    indexes.push(dir.path(`tree${i}.caidx`));
    const args = [
      "tar",
      "-i",
      "--with",
      "permissions",
      "-s",
      dir.path("store"),
      indexes[i],
      dir.path(`tree${i}`),
    ];
    const { code, stderr } = await runCli(args);
    strictEqual(code, 0, stderr);
  }
  const delta = dir.path("tree.cadelta");
  const { code, stderr } = await runCli(["delta", "-s", dir.path("store"), ...indexes, delta]);
  deepStrictEqual([code, stderr], [0, ""]);
  return { delta, indexes };
}

/** A directory packed into an archive. */
import { packArchive, type PackOptions, type PackSummary } from "../jobs/pack.ts";
import type { PieceStream } from "../archive/piece_stream.ts";
import type { TreeSource } from "../archive/tree_ports.ts";
import { readTree } from "./tree/tree_reader.ts";

/** What {@linkcode tar} may be given. */
export type TarOptions = PackOptions;

/** What is packed: a directory (or one file) of this machine, or whatever can be read as a tree. */
export function treeSource(source: string | TreeSource): TreeSource {
  return typeof source === "string" ? (onEvent, options) => readTree(source, onEvent, options) : source;
}

/**
 * Packs a directory (or one file) of this machine into an archive (.catar), whose bytes come as they are taken. The
 * source may also be anything else that can be read as a tree, such as a tar. `done` says what was packed, and what
 * changed meanwhile or could not be recorded. An error of reading is that of the stream as well.
 *
 * @example Pack a directory into a file
 * ```ts
 * import { tar } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const file = await Deno.create(`${directory}/formats.catar`);
 * const { readable, done } = tar("src/formats");
 * await readable.pipeTo(file.writable);
 * const { nodes, changed } = await done;
 * if (nodes < 10 || changed > 0) throw new Error("a part is missing");
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @example Make an archive of a tar
 * ```ts
 * import { archiveToTar } from "@desync/desync";
 * import { readTarTree, tar } from "@desync/desync/deno";
 *
 * using archive = await Deno.open("testdata/tree.catar");
 * const { readable } = archiveToTar(archive.readable); // a tar, for the example
 * const made = tar((onEvent, options) => readTarTree(readable, onEvent, options));
 * if ((await new Response(made.readable).bytes()).length === 0) throw new Error("all is missing");
 * ```
 */
export function tar(source: string | TreeSource, options: TarOptions = {}): PieceStream<PackSummary> {
  return packArchive(treeSource(source), options);
}

/**
 * A tar read as a tree, in the order of an archive.
 *
 * Members of a tar come in any order, so the whole tar is looked through first and what it says of them is remembered.
 * Their bytes stay where they are in a file; a stream is kept in a temporary file meanwhile.
 */
import { PIECE_BYTES } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { ExcludePatterns } from "../../formats/archive/exclude_patterns.ts";
import { escapeName } from "../../formats/archive/node_text.ts";
import { TarDecoder } from "../../formats/tar/tar_decoder.ts";
import { type TarContent, TarTree } from "../../formats/tar/tar_tree.ts";
import { excluding } from "../../archive/exclude.ts";
import type { ReadTreeOptions, TreeSummary } from "../../archive/tree_ports.ts";
import { Yielder } from "../../core/yielder.ts";
import type { ArchiveEventHandler } from "../../formats/archive/archive.ts";
import { Accounts } from "../system/accounts.ts";
import { fileError } from "../files/file_errors.ts";
import { filePieces } from "../files/file_pieces.ts";
import { JobLibc } from "../system/libc.ts";
import { checkUnchanged, inspectSource, SourceFile } from "../files/source_file.ts";
import { SpoolFile } from "../files/spool_file.ts";

/** How a tar is read. Features and names to skip are left to the handler of the events. */
export interface ReadTarOptions extends Pick<ReadTreeOptions, "exclude" | "signal"> {
  /** Put a directory around the members, for tars that have no `./`. */
  readonly addRoot?: boolean;
  /** Where a stream is kept meanwhile. Default: the system's directory for temporary files. */
  readonly spoolDirectory?: string;
}

/**
 * Reads a tar as a tree: calls `onEvent` for all that is in it, children in byte order of their names; the bytes of an
 * event are good until `onEvent` is done. `input` is a file's path, or the bytes in order.
 *
 * Throws `invalid-archive`, `unsupported`, `usage` when there is no root, `missing-file`, `io`, also when the file
 * changed meanwhile, `interrupted`, and whatever `onEvent` and the stream throw.
 *
 * @example List a tar
 * ```ts
 * import { listTo } from "@desync/desync";
 * import { readTarTree } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${directory}/hello.txt`, "hello");
 * const args = ["-C", directory, "-cf", `${directory}/x.tar`, "./hello.txt"];
 * await new Deno.Command("tar", { args }).output();
 *
 * let text = "";
 * const { nodes } = await readTarTree(`${directory}/x.tar`, listTo((line) => text += line), { addRoot: true });
 * if (nodes !== 2 || !text.includes("hello.txt")) throw new Error("a file is missing");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function readTarTree(
  input: string | AsyncIterable<Uint8Array>,
  onEvent: ArchiveEventHandler,
  options: ReadTarOptions = {},
): Promise<TreeSummary> {
  const { addRoot = false } = options;
  const yielder = new Yielder(options.signal);
  const tree = new TarTree();
  using job = new JobLibc();
  const decoder = makeDecoder(new Accounts(job.libc));
  // A pipe or a device may have a name, too.
  const pieces = typeof input === "string" ? filePieces(input, options.signal) : input;
  using source = typeof input === "string" && isSeekable(input)
    ? await scanFile(input, decoder, tree, yielder)
    : await scanStream(pieces, decoder, tree, yielder, options);
  const summary: TreeSummary = { nodes: 0, bytes: 0, hardLinks: 0, changed: 0, notRecorded: [] };
  const passOn = excluding(options.exclude ?? ExcludePatterns.NONE, (event) => {
    if (event.type === "node") {
      summary.nodes++;
      summary.bytes += event.node.size;
    }
    return onEvent(event);
  });
  for (const step of tree.steps(addRoot)) {
    if (yielder.isDue) await yielder.yieldNow();
    if (step.type === "end") {
      await passOn(step);
      continue;
    }
    await passOn({ type: "node", node: step.node });
    if (step.content !== undefined) await giveContent(source, step.content, passOn, yielder);
  }
  source.check?.();
  return { ...summary, hardLinks: tree.hardLinks };
}

/** Something that has the tar's bytes. */
interface Bytes extends Disposable {
  read(buffer: Uint8Array, offset: number): void;
  /** Throws `io` when they may not be those that were looked through. */
  check?(): void;
}

function isSeekable(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function makeDecoder(accounts: Accounts): TarDecoder {
  return new TarDecoder((kind, name) => {
    const id = accounts.idOf(kind, name, -1);
    if (id >= 0) return id;
    const visible = escapeName(new TextEncoder().encode(name));
    throw new DesyncError("unsupported", {
      action: "read",
      subject: "an access list",
      reason: `it names the ${kind} ${visible} without a number, and there is none of that name here`,
    });
  });
}

/** Takes the members that can be had already. Returns how many bytes need not be read. */
function takeMembers(decoder: TarDecoder, tree: TarTree): number {
  let skip = 0;
  for (let member = decoder.next(); member !== null; member = skip > 0 ? null : decoder.next()) {
    tree.add(member, decoder.offset);
    skip = decoder.skipData();
  }
  return skip;
}

async function scanFile(
  path: string,
  decoder: TarDecoder,
  tree: TarTree,
  yielder: Yielder,
): Promise<Bytes> {
  const state = inspectSource(path);
  const file = new SourceFile(path);
  try {
    const { size } = state;
    let at = 0;
    while (at < size && !decoder.done) {
      if (yielder.isDue) await yielder.yieldNow();
      const piece = new Uint8Array(Math.min(PIECE_BYTES, size - at));
      file.read(piece, at);
      decoder.push(piece);
      at += piece.length + takeMembers(decoder, tree);
    }
    decoder.finish(Math.max(0, at - size));
    return {
      read: (buffer, offset) => file.read(buffer, offset),
      check: () => checkUnchanged(path, state),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function scanStream(
  pieces: AsyncIterable<Uint8Array>,
  decoder: TarDecoder,
  tree: TarTree,
  yielder: Yielder,
  { spoolDirectory }: ReadTarOptions,
): Promise<Bytes> {
  const spool = new SpoolFile(spoolDirectory);
  try {
    let skip = 0;
    for await (const piece of pieces) {
      if (yielder.isDue) await yielder.yieldNow();
      // What comes behind the end is read all the same: its writer may not like to be cut off.
      if (decoder.done) continue;
      spool.append(piece);
      const left = Math.min(skip, piece.length);
      skip -= left;
      if (left === piece.length) continue;
      decoder.push(piece.subarray(left));
      skip = takeMembers(decoder, tree);
    }
    decoder.finish(skip);
    return spool;
  } catch (error) {
    spool[Symbol.dispose]();
    throw error;
  }
}

async function giveContent(
  source: Bytes,
  { place, size, sparse }: TarContent,
  onEvent: ArchiveEventHandler,
  yielder: Yielder,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, size));
  const give = async (length: number, next: (piece: Uint8Array) => void) => {
    for (let left = length; left > 0;) {
      if (yielder.isDue) await yielder.yieldNow();
      const bytes = buffer.subarray(0, Math.min(left, buffer.length));
      next(bytes);
      await onEvent({ type: "data", bytes });
      left -= bytes.length;
    }
  };
  let from = place;
  let at = 0;
  for (const part of sparse ?? [{ offset: 0, length: size }]) {
    await give(part.offset - at, (bytes) => bytes.fill(0));
    await give(part.length, (bytes) => {
      source.read(bytes, from);
      from += bytes.length;
    });
    at = part.offset + part.length;
  }
  await give(size - at, (bytes) => bytes.fill(0));
}

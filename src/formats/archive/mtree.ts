/**
 * The mtree format (mtree(5) of BSD): a tree as text, one line a node.
 *
 * Source: the output of `desync mtree` 1.0.4, which is followed to the character for directories, files and symlinks
 * with ordinary modes. It omits setuid, setgid and sticky, shows pipes, sockets and devices as something else, and, except
 * for files, puts blanks in place of the first zeros of nanoseconds, which breaks the line at these; here all that is as in
 * casync's mtree.
 */
import type { DigestName } from "../../core/chunk.ts";
import type { ArchiveNode, NodeKind } from "./archive_elements.ts";
import { escapeName } from "./node_text.ts";
import { splitTime } from "./node_time.ts";

/** The first line. */
export const MTREE_HEADER = "#mtree v1.0\n";

const TYPES: Readonly<Record<NodeKind, string>> = {
  directory: "dir",
  file: "file",
  symlink: "link",
  fifo: "fifo",
  socket: "socket",
  block: "block",
  char: "char",
};

/** The digest of a file's bytes. */
interface FileDigest {
  readonly name: DigestName;
  /** Lower-case hexadecimal digits. */
  readonly hex: string;
}

/** The line for a node. `path` is escaped already, `.` for the root; a file has a digest. */
export function mtreeLine(path: string, node: ArchiveNode, digest?: FileDigest): string {
  const words = [path, `type=${TYPES[node.kind]}`, `mode=${node.mode.toString(8).padStart(4, "0")}`];
  if (node.target !== undefined) words.push(`target=${escapeName(node.target)}`);
  words.push(`uid=${node.uid}`, `gid=${node.gid}`);
  if (node.kind === "file") words.push(`size=${node.size}`);
  words.push(`time=${timeText(node)}`);
  if (node.device !== undefined) words.push(`device=linux,${node.device.major},${node.device.minor}`);
  if (digest !== undefined) words.push(`${digest.name.replace("-", "")}digest=${digest.hex}`);
  return `${words.join(" ")}\n`;
}

function timeText({ mtime }: ArchiveNode): string {
  const { seconds, nanoseconds } = splitTime(mtime);
  return `${seconds}.${nanoseconds.toString().padStart(9, "0")}`;
}

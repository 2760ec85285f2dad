/** How names and modes of nodes are written: the same by casync and desync, for people and in mtree. */
import type { ArchiveNode, NodeKind } from "./archive_elements.ts";

const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const plain = byte > 0x20 && byte < 0x7f && byte !== 0x23 && byte !== 0x5c;
  return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
});

/** The bytes with all but visible ASCII, and # and \, as three octal digits. */
export function escapeName(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += ESCAPES[byte];
  return text;
}

const LETTERS: Readonly<Record<NodeKind, string>> = {
  directory: "d",
  file: "-",
  symlink: "l",
  fifo: "p",
  socket: "s",
  block: "b",
  char: "c",
};

/** Kind and permissions as `ls -l` shows them: `drwxr-xr-x`. */
function modeText({ kind, mode }: Pick<ArchiveNode, "kind" | "mode">): string {
  const bit = (mask: number, letter: string) => (mode & mask) !== 0 ? letter : "-";
  const last = (execute: number, special: boolean, letter: string) => {
    if (!special) return bit(execute, "x");
    return (mode & execute) !== 0 ? letter : letter.toUpperCase();
  };
  // casync shows the sticky bit of directories alone, where it means something.
  const sticky = (mode & 0o1000) !== 0 && kind === "directory";
  return LETTERS[kind] +
    bit(0o400, "r") + bit(0o200, "w") + last(0o100, (mode & 0o4000) !== 0, "s") +
    bit(0o040, "r") + bit(0o020, "w") + last(0o010, (mode & 0o2000) !== 0, "s") +
    bit(0o004, "r") + bit(0o002, "w") + last(0o001, sticky, "t");
}

/** A line of `casync list`. `path` is escaped already, `.` for the root. */
export function listLine(path: string, node: ArchiveNode): string {
  return `${modeText(node)} ${path}\n`;
}

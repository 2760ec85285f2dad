/** Paths of this machine, checked before work begins: nothing may be lost to words in the wrong order. */
import { isSpecialOutput } from "../../deno/output/output_checks.ts";
import { isSameFile } from "../../deno/files/same_file.ts";
import { followLinks } from "../../deno/output/planted.ts";
import { DesyncError } from "../../core/errors.ts";
import { startsLikeIndex } from "../../formats/index/index.ts";
import { redactLocation, SCHEMES } from "../../deno/schemes.ts";
import { isPath } from "../../stores/location.ts";
import { unknownScheme } from "../../stores/scheme.ts";

/** Throws `usage` unless the user named a path of this machine to read. */
export function checkInputPath(path: string): void {
  refuseUrl("read", path);
}

/** Throws `usage` unless the user named a path of this machine to write, another one than that of the input. */
export function checkOutputPath(path: string, input: string): void {
  refuseUrl("write", path);
  refuseSameFile(path, input);
}

function refuseUrl(action: string, path: string): void {
  if (isPath(path)) return;
  const purpose = { action, subject: redactLocation(path) };
  throw unknownScheme(SCHEMES, purpose, path, "a path of this machine");
}

/** Throws `usage` when what is to be written is what is to be read. */
export function refuseSameFile(path: string, input: string): void {
  if (path !== "-" && input !== "-" && isSameFile(path, input)) {
    const reason = "input and output are the same file";
    throw new DesyncError("usage", { action: "write", subject: path, reason });
  }
}

/**
 * Where a path leads that may be a symlink to a file: for what is to be written as if through the link. Throws `io` for a
 * link that another user may have planted.
 */
export function withoutLink(path: string): string {
  // A link to what is open already is not what it leads to.
  return isSpecialOutput(path) ? path : followLinks(path);
}

/** Throws `usage` when an index would replace a file that is not an index, while the input is one. */
export function refuseSwapped(output: string, input: string): void {
  if (startOf(input) !== "index" || startOf(output) !== "else") return;
  throw new DesyncError("usage", {
    action: "write",
    subject: output,
    reason: `it is not an index, but ${input} is`,
    hint: "the index comes first",
  });
}

/** Throws `usage` when a file would be replaced that is not what is written: words in the wrong order. */
export function refuseToReplace(
  output: string,
  kind: string,
  startsLike: (bytes: Uint8Array) => boolean,
): void {
  const bytes = firstBytes(output);
  if (bytes === undefined || bytes.length === 0 || startsLike(bytes)) return;
  throw new DesyncError("usage", {
    action: "write",
    subject: output,
    reason: `it is there, and is not ${kind}`,
    hint: "the output comes last",
  });
}

/** What begins there: nothing where there is neither a file nor a block device, or an empty one. */
function startOf(path: string): "index" | "else" | "nothing" {
  if (path === "-") return "nothing";
  const bytes = firstBytes(path);
  if (bytes === undefined || bytes.length === 0) return "nothing";
  return startsLikeIndex(bytes) ? "index" : "else";
}

/** The first bytes of a file or block device; `undefined` where there is none, or it may not be read: using it gives the error. */
function firstBytes(path: string): Uint8Array | undefined {
  try {
    const { isFile, isBlockDevice } = Deno.statSync(path);
    if (!isFile && !isBlockDevice) return undefined;
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(16);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  } catch {
    return undefined;
  }
}

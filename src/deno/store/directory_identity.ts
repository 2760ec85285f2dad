/**
 * Which directory a store is, whatever its path has become. A disk that is unmounted, or a directory that is removed,
 * must not be made anew while a job writes into it: what was written before is gone then, or lies elsewhere.
 */
import { DesyncError } from "../../core/errors.ts";
import type { FileIdentity } from "../../transfer/messages.ts";
import { fileError, isNotFound } from "../files/file_errors.ts";
import { isIdentified } from "../files/file_identity.ts";

/** Throws `io` when the path of a store does not lead to this directory. */
export function checkIdentity(path: string, expected: FileIdentity): void {
  let found: Deno.FileInfo;
  try {
    found = Deno.statSync(path);
  } catch (error) {
    throw isNotFound(error) ? vanished(path) : fileError("write", `the store ${path}`, error);
  }
  if (!isIdentified(found, expected)) throw vanished(path);
}

/** The error for a store whose directory is no longer there. */
export function vanished(path: string): DesyncError {
  return new DesyncError("io", {
    action: "write",
    subject: `the store ${path}`,
    reason: "its directory, or a part of it, was removed, replaced or unmounted after the start",
    hint: "run the command again when it is back",
  });
}

/** Digests by Deno's own crypto, and the store path that follows from one. */

import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal, as sha256sum prints it. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-512/256 in hexadecimal, casync's default id of a chunk. */
export function sha512256(bytes: Uint8Array): string {
  return createHash("sha512-256").update(bytes).digest("hex");
}

/** Where a store keeps the chunk of that id, below the store's own path or URL. */
export function chunkPath(id: string, extension: ".cacnk" | "" = ".cacnk"): string {
  return `${id.slice(0, 4)}/${id}${extension}`;
}

/** Which ciphers of chunks this version of Deno has. */
import type { ChunkCipherName } from "../../../src/core/chunk_key.ts";

/** Whether chunks can be encrypted with it. */
export function canEncrypt(name: ChunkCipherName = "xchacha20-poly1305"): boolean {
  return name === "aes-256-gcm" || !Deno.version.deno.startsWith("2.6.");
}

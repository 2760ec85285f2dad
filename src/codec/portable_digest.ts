/**
 * Digests anywhere: by what node and its like have for them, a fifteenth of the time that JavaScript takes; else in
 * WebAssembly, a sixth of it.
 */
import type { DigestName } from "../core/chunk.ts";
import { compileSha2, type Sha2Kernel } from "./sha2_kernel.ts";
import { digestByScript } from "./sha2_script.ts";

/** The digest of some bytes. */
type Digest = (name: DigestName, bytes: Uint8Array) => Uint8Array;

/** What node has, as far as it is used here. */
interface Platform {
  readonly process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined };
}

interface NodeCrypto {
  hash?: (name: string, bytes: Uint8Array, encoding: "buffer") => Uint8Array;
}

/** Types know it by what is there: in browsers by nothing of this. */
const here: object = globalThis;

let chosen: Digest | undefined;

/** The digest of some bytes by the best that there is here. */
export function portableDigest(name: DigestName, bytes: Uint8Array): Uint8Array {
  chosen ??= digestOf(here);
  return chosen(name, bytes);
}

/** The platform's digests; where it has none, as in browsers, those in WebAssembly. */
export function digestOf({ process }: Platform): Digest {
  try {
    const hash = process?.getBuiltinModule?.("node:crypto")?.hash;
    if (hash === undefined) return inWebAssembly();
    // Plain bytes: what node returns has methods of the same names that do other things.
    const digest: Digest = (name, bytes) => new Uint8Array(hash(name, bytes, "buffer"));
    // Not every library behind it has both.
    for (const name of ["sha256", "sha512-256"] as const) digest(name, new Uint8Array(0));
    return digest;
  } catch {
    return inWebAssembly();
  }
}

/** Each is compiled when it is first used. */
function inWebAssembly(): Digest {
  const kernels = new Map<DigestName, Sha2Kernel | undefined>();
  return (name, bytes) => {
    if (!kernels.has(name)) kernels.set(name, compileSha2(name));
    return kernels.get(name)?.(bytes) ?? digestByScript(name, bytes);
  };
}

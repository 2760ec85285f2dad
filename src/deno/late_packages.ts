/**
 * Packages that few runs need. They are imported by these names instead of by what is written in an import, which Deno
 * would fetch for every run before it begins. `.ci/compile.ts` puts them into executables.
 */

/** Speaks ssh, for `--ssh-builtin`. */
export const SSH2: string = "npm:ssh2@1.17.0";

/**
 * What it needs in turn, as in deno.lock, each behind its own needs. ssh2 names ranges of versions; of several in a range
 * Deno takes the one that the program has already. What is only built from source, and here never is, is left out.
 */
export const SSH2_NEEDS: readonly string[] = [
  "npm:safer-buffer@2.1.2",
  "npm:asn1@0.2.6",
  "npm:tweetnacl@0.14.5",
  "npm:bcrypt-pbkdf@1.0.2",
  "npm:cpu-features@0.0.10",
];

/** Compresses on Denos before 2.7. */
export const WASM_ZSTD: string = "npm:@hpcc-js/wasm-zstd@1.12.5";

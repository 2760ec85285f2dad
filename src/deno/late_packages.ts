/**
 * Packages that few runs need. They are imported by these names instead of by what is written in an import, which Deno
 * would fetch for every run before it begins. `.ci/compile.ts` puts them into executables.
 */

/** Speaks ssh, for `--ssh-builtin`. */
export const SSH2: string = "npm:ssh2@1.17.0";

/** Compresses on Denos before 2.7. */
export const WASM_ZSTD: string = "npm:@hpcc-js/wasm-zstd@1.12.5";

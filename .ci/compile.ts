/**
 * Builds a standalone executable in dist/: for this platform, or for those that are named.
 *
 *     deno task compile [linux-x64|linux-arm64|macos-x64|macos-arm64|windows-x64 …]
 *
 * The names of all are `dist/desync-<platform>`; without one it is `dist/desync`. Windows' end with `.exe`.
 */
import { SSH2 } from "../src/deno/late_packages.ts";
import { denoKnows } from "../tests/runner/deno_knows.ts";

/** Platforms by the names that their executables have, as Deno calls them. */
export const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

/**
 * V8 takes up to 64 MB for each thread's new objects when many live for a while. With less, no job was slower, and large ones
 * take up to 60 MB less (docs/performance.md).
 */
const V8_FLAGS = "--max-semi-space-size=2";

/** Deno's arguments for making `output` out of cli.ts. Without a target it is for this platform. */
export async function compileArguments(output: string, target?: string): Promise<string[]> {
  return [
    "compile",
    "-A",
    "--frozen",
    `--v8-flags=${V8_FLAGS}`,
    ...(await canLeaveOutPackages() ? ["--exclude-unused-npm"] : []),
    ...(target === undefined ? [] : ["--target", target]),
    // The Deno in an executable compresses by itself, so that of the late packages only this one is needed.
    "--include",
    SSH2,
    // What is imported while the program runs: deno.json says that Deno does not look for it beforehand.
    "--include",
    "src",
    "--output",
    output,
    "cli.ts",
  ];
}

/** Whether this Deno can leave out the packages that only tests import. Older ones embed all of deno.lock. */
export function canLeaveOutPackages(): Promise<boolean> {
  return denoKnows("compile", "--exclude-unused-npm");
}

async function compile(name: string): Promise<boolean> {
  const output = `dist/desync${name === "" ? "" : `-${name}`}`;
  const args = await compileArguments(output, name === "" ? undefined : TARGETS[name]);
  const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  return success;
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !Object.hasOwn(TARGETS, name));
  if (unknown.length > 0) {
    Deno.stderr.writeSync(new TextEncoder().encode(
      `Unknown target ${unknown.join(", ")}; the known ones are ${Object.keys(TARGETS).join(", ")}\n`,
    ));
    return 2;
  }
  let good = true;
  for (const name of names.length === 0 ? [""] : names) good = await compile(name) && good;
  return good ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * Builds a standalone executable in dist/: for this platform, or for those that are named.
 *
 *     deno task compile [linux-x64|linux-arm64|macos-x64|macos-arm64|windows-x64 …]
 */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

async function compile(name: string, target: string | undefined): Promise<boolean> {
  const output = `dist/desync${name === "" ? "" : `-${name}`}`;
  const args = [
    "compile",
    "-A",
    "--output",
    output,
    ...(target === undefined ? [] : ["--target", target]),
    "cli.ts",
  ];
  const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  return success;
}

const unknown = Deno.args.filter((name) => !(name in TARGETS));
if (unknown.length > 0) {
  Deno.stderr.writeSync(new TextEncoder().encode(
    `Unknown target ${unknown.join(", ")}; the known ones are ${Object.keys(TARGETS).join(", ")}\n`,
  ));
  Deno.exit(2);
}
const jobs: [string, string | undefined][] = Deno.args.length === 0
  ? [["", undefined]]
  : Deno.args.map((name) => [name, TARGETS[name]]);
let good = true;
for (const [name, target] of jobs) good = await compile(name, target) && good;
Deno.exit(good ? 0 : 1);

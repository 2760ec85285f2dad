/**
 * Runs the tests that use a program on a PATH that has everything else: they have to be skipped, and nothing may fail.
 *
 *     deno run -A .ci/without.ts            without each program of tests/support/peers.ts, one after the other
 *     deno run -A .ci/without.ts bsdtar zsh without each of these
 *     deno run -A .ci/without.ts all        all tests, without any of them
 */
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { basics, besidesPath, type Peer, peers } from "../tests/support/peers.ts";
import { testFilesIn } from "../tests/runner/files.ts";
import { filesIn } from "../tests/support/files.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));
const names = Object.keys(peers) as Peer[];

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** A directory with links to the programs of PATH, and beside it, without these. */
function pathWithout(missing: readonly string[]): string {
  const directory = Deno.makeTempDirSync({ prefix: "desync-without-" });
  const places = [...(Deno.env.get("PATH") ?? "").split(delimiter), ...besidesPath];
  for (const place of places) {
    let entries: Deno.DirEntry[] = [];
    try {
      entries = [...Deno.readDirSync(place)];
    } catch {
      // PATH may name what is not there.
    }
    for (const { name } of entries) {
      if (missing.includes(name)) continue;
      try {
        Deno.symlinkSync(join(place, name), join(directory, name));
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  }
  return directory;
}

/** Test files that name the program, by themselves or by a file of tests/support that they import. */
function filesThatUse(name: Peer): string[] {
  const named = name === "tar"
    ? /peers\.tar\b|gnu_tar\.ts/
    : new RegExp(`peers(\\.${name}\\b|\\["${name}"\\])`);
  const support = join(repository, "tests/support");
  const supporting = filesIn(support)
    .filter((file) => file.endsWith(".ts") && file !== "peers.ts" && !file.endsWith("_test.ts"))
    .filter((file) => named.test(Deno.readTextFileSync(join(support, file))))
    .map((file) => basename(file));
  return testFilesIn(join(repository, "tests")).filter((file) => {
    const text = Deno.readTextFileSync(file);
    return named.test(text) || supporting.some((one) => text.includes(`/${one}"`));
  });
}

/** Whether nothing failed. */
async function runWithout(missing: readonly Peer[], files: readonly string[]): Promise<boolean> {
  const programs = [
    ...missing,
    ...missing.includes("chromium") ? ["google-chrome", "chrome"] : [],
    ...missing.includes("firefox") ? ["firefox-esr"] : [],
  ];
  const path = pathWithout(programs.filter((name) => !basics.includes(name)));
  try {
    const env: Record<string, string> = { PATH: path, DESYNC_TEST_PATH_ONLY: "1", DESYNC_REQUIRE_PEERS: "0" };
    if (missing.includes("desync")) env.DESYNC_PEER = "";
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(repository, "tests/run.ts"), "--no-check", ...files],
      env,
      stdin: "null",
      stderr: "inherit",
    });
    const { success, stdout } = await command.output();
    const text = new TextDecoder().decode(stdout);
    say(`without ${missing.join(", ")}: ${text.trimEnd().split("\n").at(-1)}`);
    if (!success) say(text);
    return success;
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

const chosen = Deno.args.includes("all")
  ? []
  : names.filter((name) => Deno.args.length === 0 || Deno.args.includes(name));
let good = Deno.args.includes("all") ? await runWithout(names, []) : true;
for (const name of chosen) {
  const files = filesThatUse(name);
  if (files.length > 0) good = await runWithout([name], files) && good;
}
Deno.exit(good ? 0 : 1);

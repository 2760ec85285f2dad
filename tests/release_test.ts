/** What a release is made of: what goes into an executable, and the script that tries it out. */

import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { canLeaveOutPackages, compileArguments } from "../.ci/compile.ts";
import { cliCommand } from "./support/cli_command.ts";
import { filesIn } from "./support/files.ts";
import { filesThatRun, moduleGraph } from "./support/source/module_graph.ts";
import { repository, run, runAny } from "./support/process.ts";
import { tempDir } from "./support/temp.ts";
import { takingTurns, thorough } from "./support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/**
 * The paths in the tree that `deno compile` prints:
 *
 *     desync
 *     ├─┬ src (1MB)
 *     │ ├── bytes.ts (6.67KB)
 *     │ └── cli/* (183.61KB)
 */
function embeddedPaths(output: string): string[] {
  const paths: string[] = [];
  const above: string[] = [];
  for (const line of output.split("\n")) {
    const found = /^([│├└─┬ ]{4,})(\S+)(?: \(.*\))?\s*$/.exec(line);
    if (found === null) continue;
    const depth = (found[1].length - 4) / 2;
    above.splice(depth, Infinity, found[2]);
    if (!/┬ $/.test(found[1])) paths.push(above.join("/"));
  }
  return paths;
}

function covers(paths: string[], file: string): boolean {
  return paths.some((path) => path === file || (path.endsWith("/*") && file.startsWith(path.slice(0, -1))));
}

inTurn()("an executable has the workers and the packages in it, and nothing of tests and data", async () => {
  using dir = tempDir();
  // The runtime that is embedded otherwise has to be downloaded; what is put beside it is the same.
  const env = { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" };
  // Their types are checked with those of everything else.
  const args = (await compileArguments(dir.path("desync"))).toSpliced(1, 0, "--no-check");
  const { code, stderr } = await runAny(Deno.execPath(), args, { env, cwd: repository });
  // Other systems want more of a runtime: that it was written is the release's own test there.
  if (Deno.build.os === "linux") strictEqual(code, 0, stderr);
  const paths = embeddedPaths(stderr);
  ok(paths.length > 5, stderr);

  const modules = ["src/workers/worker.ts", "src/cli/servers/server_worker.ts"];
  const workers = (await Promise.all(modules.map(moduleGraph))).flatMap(filesThatRun);
  ok(workers.includes("src/workers/assembler.ts") && workers.includes("src/cli/servers/server_thread.ts"));
  // A file that was taken for a module is there as it is and without its types. What it imports is there only then.
  const [, megabytes = "0"] = /\bsrc\/\* \(([\d.]+)MB\)/.exec(stderr) ?? [];
  const sources = filesIn(join(repository, "src"));
  const bytes = sources.reduce((sum, name) => sum + Deno.statSync(join(repository, "src", name)).size, 0);
  ok(Number(megabytes) * 1e6 > 1.5 * bytes, `${megabytes} MB of ${bytes} bytes:\n${stderr}`);
  const commands = filesIn(join(repository, "src/cli/run")).map((name) => `src/cli/run/${name}`);
  for (const file of ["cli.ts", ...commands, ...workers, ...filesThatRun(await moduleGraph("cli.ts"))]) {
    ok(covers(paths, file), `${file} is missing:\n${stderr}`);
  }

  const packages = /^\.deno_compile_node_modules\/[^/]+\/((?:@[^/]+\/)?[^/]+)\//;
  const names = paths.map((path) => packages.exec(path)?.[1]).filter((name) => name !== undefined);
  for (const name of ["ssh2", "asn1", "bcrypt-pbkdf", "tweetnacl"]) {
    ok(names.includes(name), `the package ${name} is missing:\n${stderr}`);
  }
  if (await canLeaveOutPackages()) deepStrictEqual(names.filter((name) => /wabt|playwright/.test(name)), []);
  const others = paths.filter((path) => !/^(cli\.ts$|src\/|\.deno_compile_node_modules\/)/.test(path));
  deepStrictEqual(others, []);
});

// Fifteen starts of the program: what they do others test, each in its way.
if (thorough) {
  Deno.test("the script that tries out a release finds nothing wrong with the source", async () => {
    const smoke = join(repository, ".ci/smoke.ts");
    const { stderr } = await run(Deno.execPath(), ["run", "-A", smoke, ...cliCommand]);
    match(stderr, /goesThereAndBack/);
  });
}

Deno.test("the script that tries out a release fails with a program that does nothing", async () => {
  using dir = tempDir();
  const idle = dir.write("idle.ts", "");
  const smoke = join(repository, ".ci/smoke.ts");
  const result = await runAny(Deno.execPath(), ["run", "-A", smoke, Deno.execPath(), "run", idle]);
  notStrictEqual(result.code, 0);
  match(result.stderr, /tellsItsVersion/);
});

Deno.test("workflows name actions by the hash of a commit, and a release is tested before it is built", () => {
  const read = (name: string) => Deno.readTextFileSync(join(repository, ".github/workflows", name));
  for (const name of ["ci.yml", "release.yml"]) {
    const used = [...read(name).matchAll(/uses: (.*)/g)].map(([, what]) => what);
    ok(used.length > 3);
    for (const what of used) match(what, /^(\.\/\S+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  }
  match(read("release.yml"), /tests:\n {4}uses: \.\/\.github\/workflows\/ci\.yml\n/);
  match(read("release.yml"), /build:\n {4}needs: \[tag, tests\]\n/);
});

Deno.test("workflows run what deno.lock says, keep no credentials, and give tokens to publishing jobs alone", () => {
  const jobs: [name: string, text: string][] = [];
  for (const file of ["ci.yml", "release.yml"]) {
    const text = Deno.readTextFileSync(join(repository, ".github/workflows", file));
    const [head, ...parts] = text.split(/^ {2}(?=\w+:\n {4}(?:name|runs-on|needs|uses|timeout))/m);
    match(head, /\npermissions:\n {2}contents: read\n/);
    ok(!head.includes("write"), file);
    for (const part of parts) jobs.push([/^\w+/.exec(part)![0], part]);
  }
  ok(jobs.length > 8, `${jobs.map(([name]) => name)}`);
  const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
  for (const [name, job] of jobs) {
    strictEqual(count(job, /actions\/checkout@/g), count(job, /persist-credentials: false/g), name);
    strictEqual(count(job, /setup-deno@/g), count(job, /deno cache --frozen/g), name);
    ok(!/--clobber|deno publish(?! --frozen)/.test(job), name);
  }
  const withToken = jobs.filter(([, job]) => job.includes("id-token: write")).map(([name]) => name);
  deepStrictEqual(withToken, ["attest", "jsr", "npm"]);
});

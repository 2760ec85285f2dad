/** What Deno fetches when the program runs for the first time on a machine, and what is said about it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { SSH2, WASM_ZSTD } from "../../src/deno/late_packages.ts";
import { type NpmRegistry, startNpmRegistry } from "../support/servers/npm_registry.ts";
import { freePort } from "../support/servers/ports.ts";
import { runCli } from "../support/cli.ts";
import { filesIn } from "../support/files.ts";
import { repository, run, runAny, withoutDownloads } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";
import { hasZstd } from "../support/data/zstd.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(3, import.meta.url);

/** What `cat` and the library's portable part import. */
const portable = ["fflate", "fzstd"];

/** What reading and writing chunks takes. */
const forChunks = hasZstd ? [] : ["@hpcc-js/wasm-zstd", ...portable];

const forBuiltinSsh = ["asn1", "bcrypt-pbkdf", "safer-buffer", "ssh2", "tweetnacl"];

const extract = ["extract", "-s", testdata("casync-zstd.castr"), testdata("casync-blob.caibx")];

/** The names of the packages that were fetched; those that ssh2 would only use if they were built are not counted. */
function fetched(registry: NpmRegistry): string[] {
  const optional = ["buildcheck", "cpu-features", "nan"];
  return registry.fetched().map((name) => name.replace(/@[^@]*$/, "")).filter((name) =>
    !optional.includes(name)
  );
}

let packages: Promise<unknown> | undefined;

/** The late packages are there for the registry to offer. */
async function havePackages(): Promise<void> {
  await (packages ??= fetchPackages());
}

async function fetchPackages(): Promise<void> {
  const late = forChunks.length === 0 ? [SSH2] : [SSH2, WASM_ZSTD];
  await run(Deno.execPath(), ["cache", "--quiet", ...late], { cwd: repository });
}

inTurn()(
  "from a clone, each run fetches only the packages that it uses, and later ones need no network",
  async () => {
    await havePackages();
    using dir = tempDir();
    const root = dir.dir("clone");
    for (const name of ["cli.ts", "src"]) Deno.symlinkSync(join(repository, name), join(root, name));
    Deno.copyFileSync(join(repository, "deno.json"), join(root, "deno.json"));
    let env: Record<string, string>;
    const desync = (...args: string[]) =>
      runAny(Deno.execPath(), ["run", "-A", "cli.ts", ...args], { cwd: root, env });
    const lock = () => Deno.readTextFileSync(join(root, "deno.lock"));
    let before: string;
    {
      await using registry = await startNpmRegistry(dir);
      env = registry.env;
      Deno.writeTextFileSync(
        join(root, "deno.lock"),
        registry.lock(Deno.readTextFileSync(join(repository, "deno.lock"))),
      );
      before = lock();

      const version = await desync("--version");
      deepStrictEqual([version.code, withoutDownloads(version), fetched(registry)], [0, "", []]);

      const first = await desync(...extract, dir.path("first"));
      deepStrictEqual([first.code, withoutDownloads(first)], [0, ""]);
      deepStrictEqual(fetched(registry), forChunks);
      sameBytes(Deno.readFileSync(dir.path("first")), blob());

      const read = await desync("cat", ...extract.slice(1), dir.path("read"));
      deepStrictEqual([read.code, withoutDownloads(read)], [0, ""]);
      const forReading = [...new Set([...forChunks, ...portable])];
      deepStrictEqual(fetched(registry), forReading);

      const nobody = `ssh://nobody@127.0.0.1:${freePort()}/store`;
      const ssh = await desync(
        ...["extract", "--ssh-builtin", "-e", "0", "-s", nobody],
        testdata("casync-blob.caibx"),
        dir.path("never"),
      );
      strictEqual(ssh.code, 1);
      // One line, of the program: nothing about scripts that were ignored.
      strictEqual(withoutDownloads(ssh).trimEnd().split("\n").length, 1, ssh.stderr);
      deepStrictEqual(fetched(registry), [...forReading, ...forBuiltinSsh].sort());
    }
    const offline = await desync(...extract, dir.path("second"));
    deepStrictEqual([offline.code, offline.stderr], [0, ""]);
    strictEqual(lock(), before);

    // Deno tries to fetch what some commands import; this one starts without it.
    env = { ...env, DENO_DIR: dir.dir("empty") };
    const version = await desync("--version");
    deepStrictEqual([version.code, withoutDownloads(version)], [0, ""]);
  },
);

inTurn()("from a clone, a package whose bytes are not those of deno.lock is not taken", async () => {
  await havePackages();
  using dir = tempDir();
  await using registry = await startNpmRegistry(dir);
  const root = dir.dir("clone");
  for (const name of ["cli.ts", "src"]) Deno.symlinkSync(join(repository, name), join(root, name));
  Deno.copyFileSync(join(repository, "deno.json"), join(root, "deno.json"));
  const lock = registry.lock(Deno.readTextFileSync(join(repository, "deno.lock")));
  const { version } = /"fflate@(?<version>[\d.]+)"/.exec(lock)!.groups!;
  registry.offer("fflate", version, "console.error('changed');");
  const kept = async (name: string): Promise<string[]> => {
    const env = { ...registry.env, DENO_DIR: dir.dir(name) };
    const { stdout, stderr } = await runAny(
      Deno.execPath(),
      ["run", "-A", join(root, "cli.ts"), "cat", ...extract.slice(1), dir.path(`${name}-out`)],
      { cwd: dir.root, env },
    );
    strictEqual((stdout + stderr).includes("changed"), false);
    ok(registry.fetched().includes(`fflate@${version}`));
    const npm = join(env.DENO_DIR, "npm");
    return [...Deno.readDirSync(npm)].flatMap((host) =>
      [...Deno.readDirSync(join(npm, host.name, "fflate"))].filter((entry) => entry.isDirectory)
        .map((entry) => entry.name)
    );
  };
  // Without a lock file the registry's word is all there is, so the test sees the difference.
  deepStrictEqual(await kept("unlocked"), [version]);
  // What Deno has made of the source takes most of the time.
  const emitted = dir.path("unlocked", "gen");
  for (const name of filesIn(emitted)) {
    Deno.copyFileSync(join(emitted, name), dir.path("locked", "gen", name));
  }
  Deno.writeTextFileSync(join(root, "deno.lock"), lock);
  deepStrictEqual(await kept("locked"), []);
});

Deno.test("with a progress bar, extract prints at its end what it wrote, otherwise nothing", async () => {
  using dir = tempDir();
  const out = dir.path("out");
  const shown = await runCli([...extract, out], { env: { DESYNC_PROGRESSBAR_ENABLED: "1", TERM: "xterm" } });
  strictEqual(shown.stderr.split("\n").at(-2), `${out}: 2.44 MB, complete and verified`);
  const failed = await runCli([
    "extract",
    "--progress",
    "bar",
    "-s",
    dir.root,
    testdata("casync-blob.caibx"),
    dir.path("other"),
  ]);
  deepStrictEqual([failed.code, failed.stderr.includes("complete")], [1, false]);
  strictEqual((await runCli([...extract, out])).stderr, "");
});

inTurn()(
  "from a URL, a run fetches only the packages that it uses, in the versions that were tested",
  async () => {
    await havePackages();
    using dir = tempDir();
    await using registry = await startNpmRegistry(dir);
    await using web = serveSource();
    const args = ["run", "-A", `http://127.0.0.1:${web.addr.port}/cli.ts`, ...extract, dir.path("out")];
    const first = await runAny(Deno.execPath(), args, { cwd: dir.root, env: registry.env });
    deepStrictEqual([first.code, withoutDownloads(first)], [0, ""]);
    deepStrictEqual(fetched(registry), [...new Set([...forChunks, ...portable])]);

    // No lock is used, and newer versions of what ssh2 needs are not taken.
    const newer = [
      "asn1@0.2.99",
      "bcrypt-pbkdf@1.0.99",
      "safer-buffer@2.1.99",
      "tweetnacl@0.14.99",
      "cpu-features@0.0.99",
    ];
    for (const key of newer) {
      const [name, version] = key.split("@");
      registry.offer(name, version, `console.error("run: ${name}"); throw new Error("taken over");`);
    }
    const nobody = `ssh://nobody@127.0.0.1:${freePort()}/store`;
    const cat = ["cat", "--ssh-builtin", "-e", "1", "-s", nobody, testdata("casync-blob.caibx")];
    const url = `http://127.0.0.1:${web.addr.port}/cli.ts`;
    const result = await runAny(Deno.execPath(), ["run", "-A", url, ...cat], {
      cwd: dir.root,
      env: registry.env,
    });
    match(result.stderr, /\ndesync: Cannot read from ssh:.* connect ECONNREFUSED .*\n$/);
    deepStrictEqual(registry.fetched().filter((key) => newer.includes(key)), []);
  },
);

/** A web server that has the program's source. */
function serveSource(): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async ({ url }) => {
    const { pathname } = new URL(url);
    if (!/^\/(cli\.ts|src\/[\w/]+\.ts)$/.test(pathname)) return new Response(null, { status: 404 });
    return new Response(await Deno.readFile(join(repository, pathname)));
  });
}

/** The permissions of docs/permissions.md, each tried: they are enough, and without the optional ones it works as documented. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { delimiter, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { concat } from "../../src/core/bytes.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { directory, file } from "../support/data/archive_bytes.ts";
import { runCli } from "../support/cli.ts";
import { contentOf } from "../support/files.ts";
import { makeBlob, somePieces, storePath } from "../support/made.ts";
import { peers } from "../support/peers.ts";
import { repository, run, type RunResult, withoutDownloads } from "../support/process.ts";
import { freePort } from "../support/servers/ports.ts";
import { type Sshd, startSshd } from "../support/servers/sshd.ts";
import { random } from "../support/random.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { thorough } from "../support/thorough.ts";
import { canServe } from "../../src/deno/server/can_serve.ts";
import { owned, runPermitted } from "./run_permitted.ts";

interface Row {
  readonly command: string;
  readonly permissions: string;
}

const rows: Row[] = Deno.readTextFileSync(join(repository, "docs/permissions.md")).split("\n").flatMap(
  (line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.length !== 4 || !cells[1].startsWith("`")) return [];
    const [command, permissions] = [cells[1], cells[2]].map((cell) => cell.replaceAll("`", ""));
    return [{ command, permissions }];
  },
);

/** What the words in capitals stand for, made anew for each run. */
function makeThings(dir: TempDir): Record<string, string> {
  const made = makeBlob(dir, somePieces(), { name: "STORE" });
  const archive = directory([["a", file("text", owned)], ["b", directory([], owned)]], owned);
  const tree = makeBlob(dir, [archive.subarray(0, 50), archive.subarray(50)], { name: "tree" });
  for (const id of Object.keys(contentOf(tree.store))) {
    dir.write(join("STORE", id), contentOf(tree.store)[id]);
  }
  dir.write("web/index", Deno.readFileSync(made.index));
  for (const [name, bytes] of Object.entries(contentOf(made.store))) {
    dir.write(join("web/store", name), bytes);
  }
  for (const [name, bytes] of Object.entries(contentOf(made.store))) dir.write(join("DAMAGED", name), bytes);
  dir.write(join("DAMAGED", storePath(made.ids[0], "zstd")), "no chunk");
  return {
    STORE: made.store,
    TARGET: dir.dir("TARGET"),
    DAMAGED: dir.path("DAMAGED"),
    INDEX: made.index,
    CACHE: dir.dir("CACHE"),
    DIR: dir.dir("DIR"),
    FILE: dir.write("FILE", made.bytes),
    TREE: makeTree(dir),
    ARCHIVE: dir.write("ARCHIVE", archive),
    ARCHIVEINDEX: tree.index,
  };
}

/** A directory to be packed, with times that every system can report. */
function makeTree(dir: TempDir): string {
  const then = new Date(1_700_000_000_000);
  for (const path of [dir.write("TREE/d/file", "text"), dir.path("TREE", "d"), dir.path("TREE")]) {
    Deno.utimeSync(path, then, then);
  }
  return dir.path("TREE");
}

/** A server of what makeThings puts into `web`. */
function serve(dir: TempDir): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    try {
      return new Response(await Deno.readFile(join(dir.root, "web", new URL(request.url).pathname)));
    } catch {
      return new Response(null, { status: 404 });
    }
  });
}

/** Runs the row's command with the permissions, or with all (`-A`). Returns its result and what it left. */
async function outcome(
  { command, permissions }: Row,
  sshd: Sshd | undefined,
): Promise<[RunResult, Record<string, Uint8Array>]> {
  using dir = tempDir();
  using tools = tempDir();
  const things = makeThings(dir);
  await using server = serve(dir);
  things.HOST = `127.0.0.1:${server.addr.port}`;
  const env: Record<string, string> = {};
  if (sshd !== undefined) {
    env.PATH = `${directoryWithSsh(tools, sshd)}${delimiter}${Deno.env.get("PATH")}`;
    env.HOME = things.HOME = sshd.home;
    env.DENO_DIR = await denoDir();
    things.SSHHOST = `127.0.0.1:${sshd.port}`;
    things.SSHUSER = userName();
  }
  await using asked = isServer(command) ? askOnceListening(command, things) : undefined;
  const filled = (text: string) =>
    text.replaceAll(/(?<![A-Z_])[A-Z]{3,}(?![A-Z_])/g, (word) => things[word] ?? word)
      .split(" ").filter((word) => word !== "");
  const args = filled(command);
  const options = { env, stdin: "", ...asked && { signal: asked.signal } };
  const result = permissions === "-A"
    ? await runCli(args, options)
    : await runPermitted(filled(permissions), args, options);
  // The name of the test's directory differs from run to run.
  const hide = (text: string) =>
    text.replaceAll(dir.root, "").replaceAll(things.HOST, "HOST").replaceAll(
      things.ADDRESS ?? "HOST",
      "ADDRESS",
    );
  const files = contentOf(dir.root);
  // The log of a server has the time.
  if ("DIR/log" in files) files["DIR/log"] = new Uint8Array(files["DIR/log"].length > 0 ? 1 : 0);
  const stdout = hide(result.stdout) + (asked?.answer ?? "");
  return [{ ...result, stdout, stderr: hide(result.stderr) }, files];
}

function isServer(command: string): boolean {
  return /^\S+-server /.test(command);
}

/** A request to a server, and what it answered. */
interface Asked extends AsyncDisposable {
  /** Aborted when there is an answer: as Ctrl-C, it stops the server. */
  readonly signal: AbortSignal;
  /** The first line of the answer; empty without one. */
  readonly answer: string;
}

/** Asks a server for what it serves, or gives it a chunk, once it listens where the row says. */
function askOnceListening(command: string, things: Record<string, string>): Asked {
  const port = freePort();
  things.ADDRESS = `127.0.0.1:${port}`;
  const path = join(things.DIR, "socket");
  const request = requestFor(command, things);
  const controller = new AbortController();
  const asked = {
    signal: controller.signal,
    answer: "",
    [Symbol.asyncDispose]: async () => {
      controller.abort();
      await asking;
    },
  };
  const ask = async () => {
    while (!controller.signal.aborted && asked.answer === "") {
      try {
        using connection = command.includes("DIR/socket")
          ? await Deno.connect({ transport: "unix", path })
          : await Deno.connect({ hostname: "127.0.0.1", port });
        await new Blob([request]).stream().pipeTo(connection.writable, { preventClose: true });
        asked.answer = (await new Response(connection.readable).text()).split("\r\n")[0];
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    controller.abort();
  };
  const asking = ask();
  return asked;
}

function requestFor(command: string, things: Record<string, string>): Uint8Array<ArrayBuffer> {
  const [name, bytes] = Object.entries(contentOf(things.STORE))[0];
  const head = (line: string) => `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
  if (command.startsWith("index-server")) {
    Deno.copyFileSync(things.INDEX, join(things.DIR, "x.caibx"));
    return new TextEncoder().encode(`${head("GET /x.caibx")}\r\n`);
  }
  if (!command.includes(" -w ")) return new TextEncoder().encode(`${head(`GET /${name}`)}\r\n`);
  const length = `Content-Length: ${bytes.length}\r\n\r\n`;
  return concat([new TextEncoder().encode(head(`PUT /${name}`) + length), bytes]);
}

/** A directory for PATH whose `ssh` knows the server. */
function directoryWithSsh(dir: TempDir, sshd: Sshd): string {
  // It calls the real one, which has to be found further on.
  const script = `#!/bin/sh\nPATH='${Deno.env.get("PATH")}' exec '${sshd.ssh()}' "$@"\n`;
  Deno.chmodSync(dir.write("bin/ssh", script), 0o755);
  return dir.path("bin");
}

async function denoDir(): Promise<string> {
  const { stdout } = await run(Deno.execPath(), ["info", "--json"]);
  const { denoDir }: { denoDir: string } = JSON.parse(stdout);
  return denoDir;
}

function userName(): string {
  return new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout).trim();
}

Deno.test("the table of permissions has every command", () => {
  const names = new Set(rows.map((row) => row.command.split(" ")[0]));
  deepStrictEqual(COMMANDS.map(({ name }) => name).filter((name) => !names.has(name)), []);
});

/** The kinds of permissions of which a row has lacked one already, such as `--allow-read`. */
const lacked = new Set<string>();

/** One row of each command, and of each kind of store. */
const kinds = rows.filter(({ command }, i) => {
  const kindOf = (command: string) => command.split(" ")[0] + /\b(?:http|ssh|sftp):\/\//.exec(command)?.[0];
  return rows.findIndex((other) => kindOf(other.command) === kindOf(command)) === i;
});

/** A third of those is tried by a usual run, others from run to run. */
const turn = random().below(3);
const tried = thorough ? rows : kinds.filter((_, i) => i % 3 === turn);

for (const row of tried) {
  // And leaves out one permission of each kind.
  const less = withOneLess(row.permissions).filter(({ kind }) => {
    const kindOfRow = isServer(row.command) ? `${row.command.split(" ")[0]} ${kind}` : kind;
    const isNew = !lacked.has(kindOfRow);
    lacked.add(kindOfRow);
    return thorough || isNew;
  });
  const ssh = /\bs(?:sh|ftp):\/\//.test(row.command);
  Deno.test({
    name: `${row.command} does with its permissions what it does with all`,
    ignore: (ssh && !(peers.sshd && peers.casync)) || (isServer(row.command) && !canServe()),
    fn: async () => {
      await using sshd = ssh ? await startSshd() : undefined;
      const [expected, expectedFiles] = await outcome({ ...row, permissions: "-A" }, sshd);
      const [result, files] = await outcome(row, sshd);
      strictEqual(expected.code, row.command.includes("DAMAGED") ? 3 : 0, expected.stderr);
      deepStrictEqual([result.code, result.stderr], [expected.code, withoutDownloads(expected)]);
      strictEqual(result.stdout, expected.stdout);
      if (isServer(row.command)) match(expected.stdout, /HTTP\/1\.1 20\d/);
      deepStrictEqual(files, expectedFiles);
      await Promise.all(
        less.map(async ({ permissions }) => {
          const [{ code, stdout }, others] = await outcome({ ...row, permissions }, sshd);
          const isSame = code === expected.code && isDeepStrictEqual(others, expectedFiles) &&
            (!isServer(row.command) || stdout === expected.stdout);
          ok(!isSame, `${permissions} would be enough`);
        }),
      );
    },
  });
}

/** The permissions without one of the files, hosts … that they name, and the kind of that one. */
function withOneLess(permissions: string): { permissions: string; kind: string }[] {
  const flags = permissions.split(" ").filter((word) => word !== "");
  return flags.flatMap((flag, i) => {
    // One that names nothing is left out as a whole.
    const [name, values = ""] = flag.split("=");
    const items = values.split(",");
    return items.map((left) => {
      const others = items.filter((item) => item !== left).join(",");
      const changed = others === "" ? [] : [`${name}=${others}`];
      return { permissions: [...flags.slice(0, i), ...changed, ...flags.slice(i + 1)].join(" "), kind: name };
    });
  });
}

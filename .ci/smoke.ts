/**
 * Tries out a finished program: cuts, extracts and verifies what the threads have to do, and what has to fail.
 * The words are those that start it: an executable by its path, or Deno with the source.
 *
 *     deno run -A .ci/smoke.ts dist/desync
 *     deno run -A .ci/smoke.ts deno run -A cli.ts
 *
 * Says in one line what it tried, or what went wrong, with status 1.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
const [program, ...before] = Deno.args;
const directory = Deno.makeTempDirSync({ prefix: "desync-smoke-" });

/** How long any step may take. */
const PATIENCE_MS = 120_000;

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function desync(...args: string[]): Promise<Result> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const command = new Deno.Command(program, { args: [...before, ...args], stdin: "null", signal });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await desync(...args);
  strictEqual(code, 0, `${args.join(" ")} ended with status ${code}: ${stderr}`);
  return stdout;
}

async function fails(status: number, says: RegExp, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await desync(...args);
  strictEqual(code, status, `${args.join(" ")} ended with status ${code}, not ${status}: ${stderr}`);
  match(stdout + stderr, says);
}

/** Bytes that do not compress, in pieces that come twice, and zeros. */
function someBlob(): Uint8Array {
  const megabyte = 1024 * 1024;
  const bytes = new Uint8Array(14 * megabyte); // threads take part above 8 MB
  const part = 64 * 1024; // as much as getRandomValues gives at a time
  for (let at = 0; at < 6 * megabyte; at += part) crypto.getRandomValues(bytes.subarray(at, at + part));
  bytes.copyWithin(9 * megabyte, 3 * megabyte, 6 * megabyte);
  return bytes;
}

function path(...names: string[]): string {
  return join(directory, ...names);
}

function sha256(file: string): string {
  return createHash("sha256").update(Deno.readFileSync(file)).digest("hex");
}

async function tellsItsVersion(): Promise<void> {
  const config: { version: string } = JSON.parse(Deno.readTextFileSync(join(repository, "deno.json")));
  const [line, ...more] = (await succeeds("--version")).trimEnd().split("\n");
  deepStrictEqual(more, []);
  match(line, /^desync \d\S* \(deno \d+\.\d+\.\d+\S*, v8 \d\S*, [a-z0-9_]+-[a-z]+-[a-z-]+\)$/);
  strictEqual(line.split(" ")[1], config.version);
}

/** All of this is done by worker threads: without their module in the executable, nothing of it works. */
async function goesThereAndBack(): Promise<void> {
  Deno.writeFileSync(path("blob"), someBlob());
  await succeeds("make", "-s", path("store"), path("blob.caibx"), path("blob"));
  await succeeds("verify-index", path("blob.caibx"), path("blob"));
  await succeeds("verify", "-s", path("store"));
  await succeeds("extract", "-s", path("store"), path("blob.caibx"), path("copy"));
  strictEqual(sha256(path("copy")), sha256(path("blob")));
  await succeeds("cache", "-s", path("store"), "-c", path("cache"), path("blob.caibx"));
  await succeeds("chop", "-s", path("chopped"), path("blob.caibx"), path("blob"));
}

async function readsWhatCasyncMade(): Promise<void> {
  const testdata = join(repository, "testdata");
  const sums = Deno.readTextFileSync(join(testdata, "SHA256SUMS")).split("\n");
  const expected = sums.find((line) => line.endsWith("  blob"))?.split(" ")[0];
  ok(expected !== undefined, "testdata/SHA256SUMS has the blob");
  const store = join(testdata, "casync-zstd.castr");
  await succeeds("extract", "-s", store, join(testdata, "casync-blob.caibx"), path("casync's blob"));
  strictEqual(sha256(path("casync's blob")), expected);
  match(await succeeds("list", join(testdata, "tree.catar")), /^[-dlrwx]{10} /m);
}

async function readsOverHttp(): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    try {
      return new Response(await Deno.readFile(path(...new URL(request.url).pathname.split("/"))));
    } catch {
      return new Response(null, { status: 404 });
    }
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  await succeeds("extract", "-s", `${url}/store`, `${url}/blob.caibx`, path("copy over http"));
  await server.shutdown();
  strictEqual(sha256(path("copy over http")), sha256(path("blob")));
}

async function findsWhatIsWrong(): Promise<void> {
  const [id] = (await succeeds("list-chunks", path("blob.caibx"))).split("\n");
  Deno.writeTextFileSync(path("store", id.slice(0, 4), `${id}.cacnk`), "not a chunk");
  await fails(1, new RegExp(id), "extract", "-s", path("store"), path("blob.caibx"), path("never"));
  await fails(1, new RegExp(id), "verify", "-s", path("store"));
  await fails(2, /did you mean extract/i, "extrat", "a", "b");
  // The package that speaks ssh is loaded for this alone.
  const nobody = "ssh://nobody@127.0.0.1:1/store";
  const builtin = ["extract", "--ssh-builtin", "-e", "0", "-s", nobody, path("blob.caibx"), path("never")];
  await fails(1, /refused|ECONNREFUSED/i, ...builtin);
}

const steps = [tellsItsVersion, goesThereAndBack, readsWhatCasyncMade, readsOverHttp, findsWhatIsWrong];

async function main(): Promise<number> {
  const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  if (program === undefined) {
    say("Which program? Give the words that start it, as in `deno run -A .ci/smoke.ts dist/desync`");
    return 2;
  }
  try {
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        say(`${step.name}: ${error instanceof Error ? error.message : error}`);
        return 1;
      }
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
  say(`${Deno.args.join(" ")}: ${steps.map((step) => step.name).join(", ")}`);
  return 0;
}

Deno.exit(await main());

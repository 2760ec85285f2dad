/**
 * chunk-server under load by wrk on the same machine, beside desync's, and nginx over the same files: requests a second,
 * and what the slowest hundredth waits for at 80 % of what desync's can do. Chunks of 64 KiB that do not compress.
 */
import { compressChunk, hashChunk } from "../src/codec/open_chunk.ts";
import { chunkPath } from "../src/core/chunk.ts";
import { nativeCodec } from "../src/deno/codec/native_codec.ts";
import { LocalStore } from "../src/deno/store/local_store.ts";
import { Random } from "../tests/support/random.ts";
import { Daemon } from "../tests/support/servers/daemon.ts";
import { startNginx } from "../tests/support/servers/nginx.ts";
import { ours, path, peer } from "./data.ts";
import { say } from "./measure.ts";
import { freePort } from "../tests/support/servers/ports.ts";

const CHUNKS = 512;
const CHUNK_BYTES = 64 * 1024;
const RUNS = Number(Deno.env.get("BENCH_RUNS") ?? "5");
const RUN_SECONDS = 5;

/** Asks for one chunk after the other, and waits between requests where a rate is given. */
const SCRIPT = `
local paths = {}
for line in io.lines(os.getenv("BENCH_PATHS")) do paths[#paths + 1] = line end
local pause = tonumber(os.getenv("BENCH_PAUSE_MS"))
local at = 0
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
if pause > 0 then
  function delay() return pause end
end
`;

interface Server {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

interface Load {
  readonly perSecond: number;
  /** What the slowest hundredth of the requests waited for at least. */
  readonly p99Ms: number;
}

/** Runs this comparison. */
export async function benchChunkServer(): Promise<void> {
  const store = path("served.castr");
  Deno.writeTextFileSync(path("served.paths"), (await fillStore(store)).join("\n"));
  Deno.writeTextFileSync(path("wrk.lua"), SCRIPT);
  await using stack = new AsyncDisposableStack();
  const nginx = stack.use(await startNginx(store, { unlogged: true }));
  const servers: Server[] = [
    await startServer(stack, "ours", ours, store),
    await startServer(stack, "desync", [peer("desync")], store),
    { name: "nginx", url: nginx.url, pid: nginx.pid },
  ];
  for (const connections of [16, 256]) {
    const loads = await inTurn(servers, (server) => load(server, connections, 0));
    print(
      `chunk-server, ${connections} connections`,
      servers,
      loads,
      ({ perSecond }) => perSecond,
      "requests/s",
    );
    const rate = 0.8 * median(loads.get("desync")!.map(({ perSecond }) => perSecond));
    const pauseMs = Math.ceil(1000 * connections / rate);
    const slow = await inTurn(servers, (server) => load(server, connections, pauseMs));
    const title = `slowest hundredth, ${connections} connections that pause for ${pauseMs} ms`;
    print(title, servers, slow, ({ p99Ms }) => p99Ms, "ms");
  }
  for (const { name, pid } of servers) say(`  ${name.padEnd(8)} ${residentMegabytes(pid)} MB resident`);
}

/** The paths of the chunks in a store that is made unless it is there. */
async function fillStore(directory: string): Promise<string[]> {
  await using store = new LocalStore(directory, { create: true });
  const random = new Random(14);
  const paths: string[] = [];
  for (let i = 0; i < CHUNKS; i++) {
    const chunk = compressChunk(nativeCodec, hashChunk(nativeCodec, "sha512-256", random.bytes(CHUNK_BYTES)));
    if (!(await store.has(chunk.id))) await store.put(chunk);
    paths.push(`/${chunkPath(chunk.id, "compressed")}`);
  }
  return paths;
}

async function startServer(
  stack: AsyncDisposableStack,
  name: string,
  program: readonly string[],
  store: string,
): Promise<Server> {
  const port = freePort();
  const [first, ...args] = [...program, "chunk-server", "-s", store, "-l", `127.0.0.1:${port}`];
  const daemon = stack.use(new Daemon(first, args));
  if (!await daemon.waitUntil(() => listens(port))) throw new Error(`${name} did not start`);
  return { name, url: `http://127.0.0.1:${port}/`, pid: daemon.pid };
}

/** Loads of each server, in turn, after one that does not count. */
async function inTurn(
  servers: readonly Server[],
  run: (server: Server) => Promise<Load>,
): Promise<Map<string, Load[]>> {
  const loads = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
  for (let round = 0; round <= RUNS; round++) {
    for (const server of servers) {
      const result = await run(server);
      if (round > 0) loads.get(server.name)!.push(result);
    }
  }
  return loads;
}

async function load(server: Server, connections: number, pauseMs: number): Promise<Load> {
  const command = new Deno.Command("wrk", {
    args: [
      ...["-t", "1", "-c", String(connections), "-d", `${RUN_SECONDS}s`, "--latency", "-s", path("wrk.lua")],
      server.url,
    ],
    env: { BENCH_PATHS: path("served.paths"), BENCH_PAUSE_MS: String(pauseMs) },
  });
  const { stdout } = await command.output();
  const text = new TextDecoder().decode(stdout);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text);
  const latency = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
  if (rate === null || latency === null || /Non-2xx|Socket errors/.test(text)) {
    throw new Error(`${server.name}: ${text}`);
  }
  return {
    perSecond: Number(rate[1]),
    p99Ms: Number(latency[1]) * { us: 0.001, ms: 1, s: 1000 }[latency[2]]!,
  };
}

function print(
  title: string,
  servers: readonly Server[],
  loads: ReadonlyMap<string, readonly Load[]>,
  pick: (load: Load) => number,
  unit: string,
): void {
  say(`\n${title} (medians of ${RUNS})`);
  const value = (name: string) => median(loads.get(name)!.map(pick));
  for (const { name } of servers) {
    const ratio = name === "ours" ? "" : `   ratio ${(value("ours") / value(name)).toFixed(2)}`;
    say(`  ${name.padEnd(8)} ${value(name).toFixed(unit === "ms" ? 2 : 0)} ${unit}${ratio}`);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function residentMegabytes(pid: number): string {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return (Number(kilobytes) / 1000).toFixed(0);
}

function listens(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return Deno.readTextFileSync("/proc/net/tcp").includes(`0100007F:${hex} 00000000:0000 0A`);
}

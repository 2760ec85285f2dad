/**
 * A blob of 300 MB downloaded by the browser part of the library in headless Chromium, from our chunk-server on the same
 * machine: into the private file system, and as a stream. Besides the rate, it says how much processor time a megabyte takes
 * the browser and the server, and what follows from that on two processors of which nothing else takes a part.
 */
import { chromium } from "npm:playwright-core@1.65.1";
import { bundleForBrowsers, FLAGS } from "../tests/browser/chromium.ts";
import { peers } from "../tests/support/peers.ts";
import { Daemon } from "../tests/support/servers/daemon.ts";
import { freePort, listening } from "../tests/support/servers/ports.ts";
import { casyncStore, directory, ours, path, systemFiles } from "./data.ts";
import { say } from "./measure.ts";

const BYTES = Number(Deno.env.get("BENCH_BYTES") ?? "300000000");
const RUNS = Number(Deno.env.get("BENCH_RUNS") ?? "5");
/** Of the clock in /proc. */
const TICKS_PER_SECOND = 100;
const SHOWN_THREADS = 8;

/** Seconds of processor time. */
interface Used {
  /** Of all of the browser's processes. */
  readonly browser: number;
  readonly server: number;
  /** Of the browser's threads, by the names of their processes and their own; several may have one name. */
  readonly threads: readonly (readonly [name: string, seconds: number])[];
  /** The most memory of the process of the page since it was started, in MB. */
  readonly memory: number;
}

/** What one download took. */
interface Download extends Used {
  readonly milliseconds: number;
}

/** Runs this benchmark. */
export async function benchBrowser(): Promise<void> {
  if (peers.chromium === undefined) throw new Error("This benchmark needs Chromium");
  const file = await systemFiles(`browser${BYTES}`, BYTES);
  const { index, store } = await casyncStore(`browser${BYTES}`, file);
  const made = path("browser.made");
  Deno.mkdirSync(made, { recursive: true });
  await bundleForBrowsers("tests/browser/library.ts", `${made}/desync.js`);
  await bundleForBrowsers("src/browser/worker.ts", `${made}/worker.js`);
  const files: Record<string, [name: string, type: string]> = {
    "/made/desync.js": [`${made}/desync.js`, "text/javascript"],
    "/made/worker.js": [`${made}/worker.js`, "text/javascript"],
    "/page.js": [new URL("browser_page.js", import.meta.url).pathname, "text/javascript"],
    "/index.caibx": [index, "application/octet-stream"],
  };
  await using pages = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const [name, type] = files[new URL(request.url).pathname] ?? [];
    if (name === undefined) return html('<!doctype html><script type="module" src="page.js"></script>');
    return new Response(await Deno.readFile(name), { headers: { "content-type": type } });
  });
  // A profile as users have one: what has none keeps its private files in the memory of another process.
  const profile = Deno.makeTempDirSync({ dir: directory, prefix: "chromium-" });
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: peers.chromium,
    args: FLAGS,
  });
  const isBrowser = (pid: string) =>
    read(`/proc/${pid}/cmdline`).includes(profile) && typeOf(pid) === "browser";
  const pid = descendants(Deno.pid).find(isBrowser)!;
  try {
    for (const [kind, title] of [["file", "into a private file"], ["stream", "as a stream"]]) {
      const downloads: Download[] = [];
      for (let round = 0; round <= RUNS; round++) {
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${pages.addr.port}/`);
        await page.waitForFunction('document.title === "ready"', undefined, { timeout: 60_000 });
        // It keeps chunks that are requested again, which costs it more than a download.
        const port = freePort();
        const [program, ...args] = [
          ...ours,
          "chunk-server",
          "-s",
          store,
          "-l",
          `127.0.0.1:${port}`,
          "--cors",
          "*",
        ];
        await using server = new Daemon(program, args);
        await listening(server, port);
        using usage = new Usage(pid, server.pid);
        const milliseconds = await page.evaluate(
          `download("${kind}", "http://127.0.0.1:${port}/")`,
        ) as number;
        const download = { milliseconds, ...usage.sum() };
        if (round > 0) downloads.push(download);
        await page.close();
      }
      print(title, downloads);
    }
  } finally {
    await browser.close();
    Deno.removeSync(profile, { recursive: true });
  }
}

function html(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/html" } });
}

/** Sums up what a browser and a server use from now on. */
class Usage implements Disposable {
  readonly #browser: string;
  readonly #server: number;
  readonly #before = new Map<string, number>();
  readonly #threads = new Map<string, readonly [name: string, seconds: number]>();
  readonly #serverBefore: number;
  /** A thread that has ended is not there any more, and workers end with the download. */
  readonly #watch = setInterval(() => this.#look(), 50);

  constructor(browser: string, server: number) {
    this.#browser = browser;
    this.#server = server;
    this.#serverBefore = processorSeconds(`/proc/${server}/stat`);
    for (const pid of descendants(browser)) this.#before.set(pid, processorSeconds(`/proc/${pid}/stat`));
    this.#look();
    for (const [thread, [, seconds]] of this.#threads) this.#before.set(thread, seconds);
  }

  #look(): void {
    for (const pid of descendants(this.#browser)) {
      const type = typeOf(pid);
      for (const { name } of list(`/proc/${pid}/task`)) {
        const stat = `/proc/${pid}/task/${name}/stat`;
        const [, thread] = /\((.*)\)/.exec(read(stat)) ?? [];
        if (thread !== undefined) {
          this.#threads.set(`${pid}/${name}`, [`${type}: ${thread}`, processorSeconds(stat)]);
        }
      }
    }
  }

  sum(): Used {
    this.#look();
    let browser = 0;
    let memory = 0;
    for (const pid of descendants(this.#browser)) {
      browser += processorSeconds(`/proc/${pid}/stat`) - (this.#before.get(pid) ?? 0);
      if (typeOf(pid) !== "renderer") continue;
      const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`)) ?? [];
      memory = Math.max(memory, Number(kilobytes ?? 0) / 1000);
    }
    const threads = [...this.#threads].map(([thread, [name, seconds]]) =>
      [name, seconds - (this.#before.get(thread) ?? 0)] as const
    );
    const server = processorSeconds(`/proc/${this.#server}/stat`) - this.#serverBefore;
    return { browser, server, memory, threads: threads.sort(([, a], [, b]) => b - a) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch);
  }
}

/** The processes of a program, the first included. */
function descendants(pid: number | string): string[] {
  const threads = list(`/proc/${pid}/task`);
  const children = threads.flatMap(({ name }) => read(`/proc/${pid}/task/${name}/children`).split(" "));
  return [String(pid), ...children.filter((one) => /\d/.test(one)).flatMap(descendants)];
}

/** What a process of Chromium is there for. */
function typeOf(pid: string): string {
  const words = read(`/proc/${pid}/cmdline`).split(/[\0 ]/);
  const value = (name: string) => words.find((word) => word.startsWith(name))?.slice(name.length);
  return value("--utility-sub-type=")?.split(".")[0] ?? value("--type=") ?? "browser";
}

function processorSeconds(stat: string): number {
  const [user, system] = read(stat).replace(/.*\) /, "").split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
}

/** Nothing when the process has ended. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function list(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch {
    return [];
  }
}

function print(title: string, downloads: readonly Download[]): void {
  const median = (pick: (download: Download) => number) => {
    const sorted = downloads.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  };
  const megabytes = BYTES / 1_000_000;
  const wall = megabytes / (median(({ milliseconds }) => milliseconds) / 1000);
  const browser = 1000 * median(({ browser }) => browser) / megabytes;
  const server = 1000 * median(({ server }) => server) / megabytes;
  const busiest = 1000 * median(({ threads }) => threads[0][1]) / megabytes;
  say(`\n${BYTES / 1_000_000} MB ${title} in Chromium (medians of ${RUNS})`);
  say(
    `  ${wall.toFixed(0)} MB/s; the page's process had ${
      median(({ memory }) => memory).toFixed(0)
    } MB at most`,
  );
  say(`  processor time: browser ${browser.toFixed(2)} ms/MB, server ${server.toFixed(2)} ms/MB`);
  say(`  on two free processors ${(2000 / Math.max(browser + server, 2 * busiest)).toFixed(0)} MB/s`);
  for (let i = 0; i < SHOWN_THREADS; i++) {
    const { threads: [...threads] } = downloads[downloads.length - 1];
    const [name, seconds] = threads[i];
    say(`    ${name.padEnd(40)} ${(1000 * seconds / megabytes).toFixed(2)} ms/MB`);
  }
}

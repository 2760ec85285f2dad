/**
 * A blob of 300 MB downloaded by the browser part of the library in headless Chromium, from our chunk-server on the same
 * machine: into the private file system, and as a stream. Besides the rate, it says how much processor time a megabyte takes
 * the browser and the server, and what follows from that on two processors of which nothing else takes a part.
 */
import { bundleForBrowsers, FLAGS } from "../tests/browser/chromium.ts";
import { peers } from "../tests/support/peers.ts";
import { Daemon } from "../tests/support/servers/daemon.ts";
import { freePort, listening } from "../tests/support/servers/ports.ts";
import { Usage, type Used } from "./browser_usage.ts";
import { casyncStore, directory, ours, path, systemFiles } from "./data.ts";
import { say } from "./measure.ts";

const BYTES = Number(Deno.env.get("BENCH_BYTES") ?? "300000000");
const RUNS = Number(Deno.env.get("BENCH_RUNS") ?? "5");
const SHOWN_THREADS = 8;

/** What one download took. */
interface Download extends Used {
  readonly milliseconds: number;
}

/** Runs this benchmark. */
export async function benchBrowser(): Promise<void> {
  const { chromium } = peers;
  if (chromium === undefined) throw new Error("This benchmark needs Chromium");
  const file = await systemFiles(`browser${BYTES}`, BYTES);
  const { index, store } = await casyncStore(`browser${BYTES}`, file);
  const made = path("browser.made");
  Deno.mkdirSync(made, { recursive: true });
  await bundleForBrowsers("tests/browser/library.ts", `${made}/desync.js`);
  await bundleForBrowsers("src/browser/worker.ts", `${made}/worker.js`);
  const files: PageFiles = {
    "/made/desync.js": [`${made}/desync.js`, "text/javascript"],
    "/made/worker.js": [`${made}/worker.js`, "text/javascript"],
    "/page.js": [new URL("browser_page.js", import.meta.url).pathname, "text/javascript"],
    "/index.caibx": [index, "application/octet-stream"],
  };
  for (const [kind, title] of [["file", "into a private file"], ["stream", "as a stream"]]) {
    const downloads: Download[] = [];
    for (let round = 0; round <= RUNS; round++) {
      const download = await downloadOnce(chromium, files, kind, store);
      if (round > 0) downloads.push(download);
    }
    print(title, downloads);
  }
}

/** What the page is made of, by the paths of their addresses. */
type PageFiles = Readonly<Record<string, readonly [file: string, type: string]>>;

/**
 * One download by a browser of its own, so that no other adds to its memory. The page asks for its task and posts the outcome:
 * a browser that is driven by Playwright keeps a copy of each answer for its developer tools, up to 200 MB for each worker.
 */
async function downloadOnce(
  chromium: string,
  files: PageFiles,
  kind: string,
  store: string,
): Promise<Download> {
  const task = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  const outcome = Promise.withResolvers<string>();
  await using pages = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const [name, type] = files[pathname] ?? [];
    if (name !== undefined) {
      return new Response(await Deno.readFile(name), { headers: { "content-type": type! } });
    }
    if (pathname === "/outcome") {
      outcome.resolve(await request.text());
      return new Response();
    }
    if (pathname !== "/task") return html('<!doctype html><script type="module" src="page.js"></script>');
    ready.resolve();
    return new Response(await task.promise);
  });
  // It keeps chunks that are requested again, which costs it more than a download.
  const port = freePort();
  const [program, ...args] = [...ours, "chunk-server", "-s", store, "-l", `127.0.0.1:${port}`, "--cors", "*"];
  await using server = new Daemon(program, args);
  await listening(server, port);
  // A profile as users have one: what has none keeps its private files in the memory of another process.
  const profile = Deno.makeTempDirSync({ dir: directory, prefix: "chromium-" });
  const browser = new Deno.Command(chromium, {
    args: [...FLAGS, "--headless", `--user-data-dir=${profile}`, `http://127.0.0.1:${pages.addr.port}/`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await ready.promise;
    using usage = new Usage(String(browser.pid), server.pid);
    task.resolve(JSON.stringify({ kind, store: `http://127.0.0.1:${port}/` }));
    const text = await outcome.promise;
    const milliseconds = Number(text);
    if (!(milliseconds > 0)) throw new Error(`The page failed: ${text}`);
    return { milliseconds, ...usage.sum() };
  } finally {
    browser.kill("SIGTERM");
    await browser.status;
    await removeWhenLeft(profile);
  }
}

/** The browser's other processes end a little later, and write until then. */
async function removeWhenLeft(profile: string): Promise<void> {
  for (let left = 50;; left--) {
    try {
      return Deno.removeSync(profile, { recursive: true });
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function html(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/html" } });
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

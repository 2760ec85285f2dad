/** Chromium for tests, and bundles for its pages. */
import { join } from "node:path";
import { type Browser, chromium } from "npm:playwright-core@1.65.1";
import { peers } from "../support/peers.ts";
import { repository, run } from "../support/process.ts";

/** Nothing of the browser's own shall go out into the network, and it has to run as root. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts it. It has a profile of its own, which goes when it is closed. */
export async function startChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: peers.chromium, args: FLAGS });
}

/** Makes one file of a module and all that it imports, for browsers. */
export async function bundleForBrowsers(module: string, output: string): Promise<void> {
  const args = ["bundle", "--quiet", "--frozen", "--platform", "browser", "-o", output, module];
  await run(Deno.execPath(), args, { cwd: repository });
}

/** The media types that browsers insist on. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};

/** Serves files on a port of this machine. The first directory whose prefix the path has is looked into. */
export function serveFiles(
  directories: readonly (readonly [prefix: string, directory: string])[],
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const pathname = new URL(request.url).pathname.replace(/\/$/, "/index.html");
    for (const [prefix, directory] of directories) {
      if (!pathname.startsWith(prefix)) continue;
      try {
        const bytes = await Deno.readFile(join(directory, pathname.slice(prefix.length)));
        const type = TYPES[pathname.split(".").at(-1)!] ?? "application/octet-stream";
        return new Response(bytes, { headers: { "content-type": type } });
      } catch {
        // perhaps the next one has it
      }
    }
    return new Response(null, { status: 404 });
  });
}

/**
 * A registry of npm packages on this machine, out of what Deno has in its cache, which notes what is fetched:
 *
 *     await using registry = await startNpmRegistry(dir);
 *     await run(Deno.execPath(), [ … ], { env: registry.env });
 *     registry.fetched()
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { npmPackages } from "../deno_dir.ts";
import { member, tarOf } from "../data/tar_bytes.ts";
import type { TempDir } from "../temp.ts";

/** A package as it is fetched, and what the registry says about it. */
interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly integrity: string;
  readonly about: Record<string, unknown>;
}

/** A running registry. */
export class NpmRegistry implements AsyncDisposable {
  /** Has Deno use it, with a cache that is empty at first. */
  readonly env: Record<string, string>;
  readonly #cache: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #packed = new Map<string, Packed>();
  readonly #fetched = new Set<string>();

  constructor(cache: string, dir: TempDir) {
    this.#cache = cache;
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, ({ url }) => this.#answer(url));
    this.env = { NPM_CONFIG_REGISTRY: this.#url, DENO_DIR: dir.dir("deno"), NO_COLOR: "1" };
  }

  /** Offers another version of a package that it has, with this program as all that is in it. */
  offer(name: string, version: string, program: string): void {
    const [held] = namesIn(join(this.#cache, name));
    const about = JSON.parse(Deno.readTextFileSync(join(this.#cache, name, held, "package.json")));
    const changed = { ...about, version, main: "index.js", exports: undefined };
    this.#packed.set(
      `${name}@${version}`,
      packed(changed, [
        member("package.json", { prefix: "package", content: JSON.stringify(changed) }),
        member("index.js", { prefix: "package", content: program }),
      ]),
    );
  }

  /** The packages that were fetched, in order: `name@version`. */
  fetched(): string[] {
    return [...this.#fetched].sort();
  }

  /** The lock file with this registry's packages, as far as it has them. */
  lock(text: string): string {
    const lock: { npm: Record<string, { integrity: string; tarball?: string }> } = JSON.parse(text);
    for (const [key, entry] of Object.entries(lock.npm)) {
      entry.integrity = this.#pack(key)?.integrity ?? entry.integrity;
      entry.tarball = this.#tarball(key);
    }
    return JSON.stringify(lock, null, 2);
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** As the real registry names it: `@hpcc-js/wasm-zstd/-/wasm-zstd-1.12.5.tgz`. */
  #tarball(key: string): string {
    const [, name, last, version] = /^((?:.*\/)?([^/]+))@([^@]+)$/.exec(key)!;
    return `${this.#url}${name}/-/${last}-${version}.tgz`;
  }

  #answer(url: string): Response {
    const path = decodeURIComponent(new URL(url).pathname.slice(1));
    const [, name, , version] = /^((?:.*\/)?([^/]+))\/-\/\2-(.*)\.tgz$/.exec(path) ?? [];
    if (name !== undefined) {
      this.#fetched.add(`${name}@${version}`);
      return new Response(this.#pack(`${name}@${version}`)?.bytes);
    }
    const versions: Record<string, unknown> = {};
    const offered = [...this.#packed.keys()].filter((key) => key.startsWith(`${path}@`))
      .map((key) => key.slice(path.length + 1));
    for (const version of new Set([...namesIn(join(this.#cache, path)), ...offered])) {
      const packed = this.#pack(`${path}@${version}`);
      if (packed === undefined) continue;
      const dist = { tarball: this.#tarball(`${path}@${version}`), integrity: packed.integrity };
      versions[version] = { ...packed.about, dist };
    }
    const latest = Object.keys(versions).at(-1);
    if (latest === undefined) return new Response(null, { status: 404 });
    return Response.json({ name: path, "dist-tags": { latest }, versions });
  }

  /** The package `name@version`; undefined if it is neither offered nor in the cache. */
  #pack(key: string): Packed | undefined {
    const known = this.#packed.get(key);
    if (known !== undefined) return known;
    const at = key.lastIndexOf("@");
    const directory = join(this.#cache, key.slice(0, at), key.slice(at + 1));
    if (!namesIn(directory).includes("package.json")) return undefined;
    const files = filesIn(directory).map((file) => {
      return member(file, { prefix: "package", content: Deno.readFileSync(join(directory, file)) });
    });
    const made = packed(JSON.parse(Deno.readTextFileSync(join(directory, "package.json"))), files);
    this.#packed.set(key, made);
    return made;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** Starts it on a free port of 127.0.0.1. */
export async function startNpmRegistry(dir: TempDir): Promise<NpmRegistry> {
  return new NpmRegistry(await npmPackages(), dir);
}

function packed(about: Record<string, unknown>, files: Uint8Array[]): Packed {
  const bytes = new Uint8Array(gzipSync(tarOf(...files), { level: 1 }));
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  return { bytes, integrity, about };
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Paths of all files below. Deno's own notes among them begin with a dot. */
function filesIn(directory: string, below = ""): string[] {
  return [...Deno.readDirSync(join(directory, below))].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".")) return [];
    const path = below === "" ? name : `${below}/${name}`;
    return isDirectory ? filesIn(directory, path) : [path];
  });
}

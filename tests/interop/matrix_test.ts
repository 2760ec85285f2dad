/**
 * casync, desync in Go and this program, each with what the others made: the tables of docs/interop.md, which are read
 * from there, so that they say what was tried.
 */

import { ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { encodeMessage, MessageDecoder, WANTS_CHUNKS } from "../../src/formats/protocol.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { denoDir } from "../support/deno_dir.ts";
import { freshBlob } from "../support/data/fresh_blob.ts";
import { joined } from "../support/data/joined.ts";
import { type Outcome, outcome, tryPage, tryTable } from "../support/documents/matrix.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { peers } from "../support/peers.ts";
import type { RunResult } from "../support/process.ts";
import { startPeerServer } from "../support/servers/daemon.ts";
import { startSshd } from "../support/servers/sshd.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { canServe } from "../../src/deno/server/can_serve.ts";
import { smallBlob, testdata } from "../support/testdata.ts";
import {
  commands,
  contentDiffers,
  everyOther,
  forEach,
  fresh,
  ignore,
  labels,
  type Program,
  programs,
  start,
  startWell,
} from "./matrix_programs.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

type Digest = "sha512-256" | "sha256";

/** How each extracts an index out of a store. */
function extraction(
  program: Program,
  store: string,
  index: string,
  target: string,
  digest: Digest,
): string[] {
  if (program === "casync") return ["extract", `--store=${store}`, index, target];
  const words = ["extract", "-s", store, index, target];
  return program === "desync" ? ["--digest", digest, ...words] : words;
}

/** What comes of a program that writes the bytes to the target. */
async function writes(result: Promise<RunResult>, target: string, bytes: Uint8Array): Promise<Outcome> {
  const ended = await result;
  return outcome(ended, ended.code === 0 ? contentDiffers(target, bytes) : []);
}

/** How a blob is cut. */
interface Cutting {
  /** Smallest, average and largest size in KB. */
  readonly sizes?: string;
  readonly digest?: Digest;
  readonly empty?: boolean;
}
const cuttings: Record<string, Cutting> = {
  "16:64:256 KB": {},
  "4:16:64 KB": { sizes: "4:16:64" },
  "4:4:4 KB": { sizes: "4:4:4" },
  "SHA-256 ids": { digest: "sha256" },
  "an empty file": { empty: true },
};

/** Has a program cut a file and store its chunks. */
async function makes(program: Program, store: string, index: string, file: string, cutting: Cutting) {
  const { sizes = "16:64:256", digest = "sha512-256" } = cutting;
  if (program === "casync") {
    const inBytes = sizes.split(":").map((size) => Number(size) * 1024).join(":");
    const options = [`--store=${store}`, `--chunk-size=${inBytes}`, `--digest=${digest}`];
    return await startWell(program, ["make", ...options, index, file]);
  }
  return await startWell(program, ["--digest", digest, "make", "-m", sizes, "-s", store, index, file]);
}

inTurn()({
  name: "docs/interop.md: blobs",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const bytes = freshBlob();
    const rows = programs.flatMap((maker) =>
      Object.entries(cuttings).map(([name, cutting], i) =>
        [`${maker}, ${name}`, async () => {
          const content = cutting.empty ? new Uint8Array(0) : bytes;
          const file = dir.write(cutting.empty ? "empty" : "blob", content);
          const [store, index] = [dir.dir(`${maker}-${i}`), dir.path(`${maker}-${i}.caibx`)];
          await makes(maker, store, index, file, cutting);
          return forEach((program) => {
            const target = fresh(dir);
            const words = extraction(program, store, index, target, cutting.digest ?? "sha512-256");
            return writes(start(program, words), target, content);
          });
        }] as const
      )
    );
    await tryTable("Blobs", Object.fromEntries(rows), labels(programs, Object.keys(cuttings)));
  },
});

/** The work, done when it is first asked for. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => result ??= work();
}

let configurations = 0;

/** A configuration of desync in which the store holds uncompressed chunks. */
function uncompressed(dir: TempDir, store: string): string[] {
  const content = JSON.stringify({ "store-options": { [store]: { uncompressed: true } } });
  return ["--config", dir.write(`config-${configurations++}.json`, content)];
}

/** Starts a server of chunks or indexes. */
async function startServer(
  program: Program,
  command: "chunk-server" | "index-server",
  directory: string,
  ...options: string[]
) {
  return await startPeerServer([...commands[program], command], ["-s", directory, ...options]);
}

inTurn()({
  name: "docs/interop.md: stores",
  ignore: ignore || !peers.nginx || !canServe(),
  fn: async () => {
    using dir = tempDir();
    const bytes = freshBlob();
    const file = dir.write("blob", bytes);
    const [index, zstd] = [dir.path("blob.caibx"), dir.dir("zstd")];
    await makes("casync", zstd, index, file, {});
    // casync makes the same index again.
    const compressed = async (how: string) => {
      const [store, same] = [dir.dir(how), dir.path(`${how}.caibx`)];
      await startWell("casync", ["make", `--store=${store}`, `--compression=${how}`, same, file]);
      return store;
    };
    const stored = async (program: Program, name: string, words: (store: string) => string[]) => {
      const store = dir.dir(name);
      await startWell(program, words(store));
      return store;
    };
    const copied = (store: string) => ["cache", "-s", zstd, "-c", store, index];
    const kept = (store: string) => ["extract", "-s", zstd, "-c", store, index, fresh(dir)];
    await using nginx = await startNginx(dir.root);
    await using stack = new AsyncDisposableStack();
    const serve = async (program: Program, store: string, ...options: string[]) =>
      stack.use(await startServer(program, "chunk-server", store, ...options)).url;

    // Rows take what others have made, where a usual run tries those.
    const [gzip, xz] = ["gzip", "xz"].map((how) => once(() => compressed(how)));
    const plain = once(() =>
      stored("desync", "plain", (store) => [...uncompressed(dir, store), "chop", "-s", store, index, file])
    );
    const stores: Record<string, () => Promise<string> | string> = {
      "zstd, by casync": () => zstd,
      "zstd, by desync": () => stored("desync", "desync", (store) => ["chop", "-s", store, index, file]),
      "zstd, by this program": () =>
        stored("this program", "ours", (store) => ["chop", "-s", store, index, file]),
      "gzip, by casync": gzip,
      "xz, by casync": xz,
      "uncompressed, by desync": plain,
      "uncompressed, by this program": () =>
        stored("this program", "ours-plain", (store) => ["chop", "-u", "-s", store, index, file]),
      "zstd, by `desync cache`": () => stored("desync", "copied", copied),
      "zstd, by this program's `cache`": () => stored("this program", "ours-copied", copied),
      "zstd, left by `desync extract -c`": () => stored("desync", "kept", kept),
      "zstd, left by this program's `extract -c`": () => stored("this program", "ours-kept", kept),
      "zstd, behind nginx": () => `${nginx.url}zstd/`,
      "zstd, behind `desync chunk-server`": () => serve("desync", zstd),
      "uncompressed, behind `desync chunk-server -u`": () => serve("desync", zstd, "-u"),
      "zstd, behind this program's `chunk-server`": () => serve("this program", zstd),
      "uncompressed, behind this program's `chunk-server -u`": () => serve("this program", zstd, "-u"),
      "gzip, behind this program's `chunk-server`": async () => serve("this program", await gzip()),
      "xz, behind this program's `chunk-server`": async () => serve("this program", await xz()),
      "uncompressed, behind this program's `chunk-server`": async () => serve("this program", await plain()),
    };
    const rows = Object.entries(stores).map(([label, make]) => [label, async () => {
      const store = await make();
      const attempt = (program: Program, ...options: string[]) => () => {
        const target = fresh(dir);
        const words = [...options, ...extraction(program, store, index, target, "sha512-256")];
        return writes(start(program, words), target, bytes);
      };
      return {
        "casync": attempt("casync"),
        "desync": attempt("desync"),
        "desync, configured": attempt("desync", ...uncompressed(dir, store)),
        "this program": attempt("this program"),
      };
    }]);
    await tryTable("Stores", Object.fromEntries(rows), everyOther(stores));
  },
});

inTurn()({
  name: "docs/interop.md: servers",
  ignore: ignore || !canServe(),
  fn: async () => {
    using dir = tempDir();
    const bytes = freshBlob();
    const file = dir.write("blob", bytes);
    const made = [dir.dir("store"), dir.dir("indexes")];
    await makes("casync", made[0], join(made[1], "blob.caibx"), file, {});
    await using stack = new AsyncDisposableStack();
    const serve = async (program: Program, directories: string[], ...options: string[]) => {
      const [chunks, indexes] = await Promise.all([
        startServer(program, "chunk-server", directories[0], ...options),
        startServer(program, "index-server", directories[1], ...options),
      ]);
      stack.use(chunks);
      stack.use(indexes);
      return [chunks.url, indexes.url];
    };
    const readFrom = (server: Program) => async () => {
      const [chunks, indexes] = await serve(server, made);
      return forEach((program) => {
        const target = fresh(dir);
        const words = extraction(program, chunks, `${indexes}blob.caibx`, target, "sha512-256");
        return writes(start(program, words), target, bytes);
      });
    };
    const writtenTo = (server: Program) => async () => {
      const directories = [dir.dir(`${server}-store`), dir.dir(`${server}-indexes`)];
      const [chunks, indexes] = await serve(server, directories, "-w");
      return forEach(async (program) => {
        const name = `${programs.indexOf(program)}.caibx`;
        const words = program === "casync"
          ? ["make", `--store=${chunks}`, `${indexes}${name}`, file]
          : ["make", "-s", chunks, `${indexes}${name}`, file];
        const result = await start(program, words);
        if (result.code !== 0) return outcome(result, []);
        const target = fresh(dir);
        const read = ["extract", "-s", directories[0], join(directories[1], name), target];
        return writes(start("this program", read), target, bytes);
      });
    };
    const rows = (["desync", "this program"] as const).flatMap((server) => [
      [`${server}, read`, readFrom(server)] as const,
      [`${server}, written`, writtenTo(server)] as const,
    ]);
    await tryTable("Servers", Object.fromEntries(rows));
  },
});

/**
 * How many of an index's first two chunks `desync pull` gives out when one message asks for both, as casync's do. casync
 * waits for both.
 */
async function answersToTwo(store: string, index: string): Promise<number> {
  const parsed = parseIndex(Deno.readFileSync(index));
  const messages = [
    encodeMessage({ type: "hello", flags: WANTS_CHUNKS }),
    encodeMessage({ type: "request", highPriority: false, ids: [parsed.id(0), parsed.id(1)] }),
    encodeMessage({ type: "goodbye" }),
  ];
  const { stdoutBytes } = await start("desync", ["pull", "-", "-", "-", store], { stdin: joined(messages) });
  const decoder = new MessageDecoder();
  decoder.push(stdoutBytes);
  let answers = 0;
  for (let message = decoder.next(); message !== null; message = decoder.next()) {
    if (message.type === "chunk") answers++;
  }
  ok(answers > 0, "not even the first");
  return answers;
}

inTurn()({
  name: "docs/interop.md: ssh",
  ignore: ignore || !peers.sshd,
  fn: async () => {
    using dir = tempDir();
    await using server = await startSshd();
    const bytes = smallBlob();
    const ssh = server.ssh(server.port);
    const forms: Record<string, [store: string, index: string, digest: Digest]> = {
      "zstd": ["casync-zstd.castr", "casync-small.caibx", "sha512-256"],
      "SHA-256 ids": ["casync-sha256.castr", "casync-small-sha256.caibx", "sha256"],
      "gzip": ["casync-gzip.castr", "casync-small.caibx", "sha512-256"],
      "xz": ["casync-xz.castr", "casync-small.caibx", "sha512-256"],
      "uncompressed": ["desync-uncompressed.castr", "casync-small.caibx", "sha512-256"],
    };
    const rows = programs.flatMap((remote) => {
      const env = {
        CASYNC_SSH_PATH: ssh,
        CASYNC_REMOTE_PATH: server.remote(...commands[remote]),
        HOME: server.home,
        DENO_DIR: denoDir,
      };
      return Object.entries(forms).map(([form, [store, name, digest]]) =>
        [`${remote}, ${form}`, () => {
          const [path, index] = [testdata(store), testdata(name)];
          return Promise.resolve(forEach(async (program) => {
            if (program === "casync" && remote === "desync" && form !== "uncompressed") {
              const hangs = await answersToTwo(path, index) < 2;
              return { word: hangs ? "hangs" : "yes", says: "", differs: [] };
            }
            const target = fresh(dir);
            const from = program === "casync" ? `127.0.0.1:${path}` : `ssh://127.0.0.1${path}`;
            const words = extraction(program, from, index, target, digest);
            const one = program === "desync" ? ["-n", "1"] : [];
            return writes(start(program, [...words, ...one], { env, timeout: 30_000 }), target, bytes);
          }));
        }] as const
      );
    });
    await tryTable("SSH", Object.fromEntries(rows), labels(programs, Object.keys(forms)));
    strictEqual((await server.leftProcesses()).length, 0);
  },
});

Deno.test("docs/interop.md has these tables and no others, and the notes that they need", () => {
  tryPage([
    "Blobs",
    "Stores",
    "Servers",
    "Encryption",
    "S3",
    "SFTP",
    "Archives",
    "Archives by casync or this program",
    "Archives by desync",
    "Tar",
    "SSH",
  ]);
});

/** The servers with the clients that exist: desync in Go, casync, curl; and this program with desync's own server. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { freshBlob } from "../support/data/fresh_blob.ts";
import { filesIn } from "../support/files.ts";
import { peers } from "../support/peers.ts";
import { run, runAny } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { makeCertificates } from "../support/servers/certificates.ts";
import { Daemon } from "../support/servers/daemon.ts";
import { freePort, listening } from "../support/servers/ports.ts";
import { type DesyncServer, endsWell, startDesyncServer } from "../support/servers/desync_server.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { takingTurns, thorough } from "../support/thorough.ts";
import { canServe } from "../../src/deno/server/can_serve.ts";

const inTurn = takingTurns(2, import.meta.url);

interface Place extends Disposable {
  readonly dir: TempDir;
  readonly bytes: Uint8Array;
  /** What desync made. */
  readonly file: string;
  readonly store: string;
  readonly index: string;
}

/** A blob, and what desync makes of it: once for all tests, which do not change it. */
let shared: Place;
Deno.test.beforeAll(async () => {
  const dir = tempDir();
  const bytes = freshBlob();
  const [file, store, index] = [dir.write("blob", bytes), dir.dir("store"), dir.path("blob.caibx")];
  if (peers.desync !== undefined) await run(peers.desync, ["make", "-s", store, index, file]);
  shared = { dir, bytes, file, store, index, [Symbol.dispose]: () => dir[Symbol.dispose]() };
});
Deno.test.afterAll(() => shared[Symbol.dispose]());

/** The same with a directory of the test's own. */
function madeByDesync(): Place {
  const dir = tempDir();
  return { ...shared, dir, [Symbol.dispose]: () => dir[Symbol.dispose]() };
}

/** Extracts by desync, and compares. */
async function desyncExtracts(
  { dir, bytes }: Place,
  args: string[],
  env?: Record<string, string>,
): Promise<void> {
  const target = dir.path(`target-${args.length}`);
  await run(peers.desync, ["extract", ...args, target], { env });
  sameBytes(Deno.readFileSync(target), bytes, args.join(" "));
  Deno.removeSync(target);
}

inTurn()({
  name: "desync reads from chunk-server, adds to it, and fills a cache from it",
  ignore: !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, file, store, index } = place;
    const target = dir.path("added");
    await using reading = await startDesyncServer(dir, ["chunk-server", "-s", store]);
    await using writing = await startDesyncServer(dir, ["chunk-server", "-s", target, "-w"]);
    await desyncExtracts(place, ["-s", reading.url, index]);
    await run(peers.desync, ["chop", "-s", writing.url, index, file]);
    deepStrictEqual(filesIn(target), filesIn(store));
    await run(peers.desync, ["verify", "-s", target]);
    await run(peers.desync, ["cache", "-s", reading.url, "-c", dir.dir("cache"), index]);
    deepStrictEqual(filesIn(dir.path("cache")), filesIn(store));
    await run(peers.desync, ["cache", "-s", store, "-c", writing.url, index]);
    // It is not written that which is not enabled.
    const refused = await runAny(peers.desync!, [
      "make",
      "-s",
      reading.url,
      dir.path("x.caibx"),
      dir.write("new", "new"),
    ]);
    strictEqual(refused.code, 1, refused.stderr);
    strictEqual((await runCli(["extract", "-s", reading.url, index, dir.path("ours")])).code, 0);
    for (const server of [reading, writing]) await endsWell(server);
  },
});

inTurn()({
  name: "desync reads and adds uncompressed chunks with -u",
  ignore: !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, file, store, index } = place;
    await using reading = await startDesyncServer(dir, ["chunk-server", "-u", "-s", store]);
    await using writing = await startDesyncServer(dir, ["chunk-server", "-u", "-w", "-s", dir.path("added")]);
    const options = { [reading.url]: { uncompressed: true }, [writing.url]: { uncompressed: true } };
    const config = ["--config", dir.write("config.json", JSON.stringify({ "store-options": options }))];
    await desyncExtracts(place, [...config, "-s", reading.url, index]);
    await run(peers.desync, [...config, "chop", "-s", writing.url, index, file]);
    deepStrictEqual(filesIn(dir.path("added")), filesIn(store));
    await run(peers.desync, ["verify", "-s", dir.path("added")]);
  },
});

Deno.test({
  name: "desync writes indexes to index-server, and reads them",
  ignore: !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, file, store, index } = place;
    await using server = await startDesyncServer(dir, ["index-server", "-s", dir.dir("indexes"), "-w"]);
    await run(peers.desync, ["make", "-s", store, `${server.url}new.caibx`, file]);
    deepStrictEqual(Deno.readFileSync(dir.path("indexes", "new.caibx")), Deno.readFileSync(index));
    await desyncExtracts(place, ["-s", store, `${server.url}new.caibx`]);
    const missing = await runAny(peers.desync!, ["list-chunks", `${server.url}none.caibx`]);
    strictEqual(missing.code, 1);
    match(missing.stderr, /none\.caibx missing from store/);
    await endsWell(server);
  },
});

inTurn()({
  name: "TLS, certificates of clients and authorization, with desync's client and this one",
  ignore: !peers.desync || !peers.openssl || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, store, index } = place;
    using others = tempDir();
    const [made, strangers] = [
      await makeCertificates(dir, thorough ? "rsa" : "ec"),
      await makeCertificates(others),
    ];
    const tls = ["--cert", made.serverCert, "--key", made.serverKey];
    const ca = ["--ca-cert", made.ca];
    await using mutual = await startDesyncServer(dir, [
      ...["chunk-server", "-s", store, ...tls, "--mutual-tls", "--client-ca", made.ca],
    ]);
    await using guarded = await startDesyncServer(dir, [
      ...["chunk-server", "-s", store, ...tls, "--authorization", "Bearer token"],
    ]);
    // desync has authorization in its configuration alone.
    const options = { [guarded.url]: { "http-auth": "Bearer token" } };
    const config = ["--config", dir.write("config.json", JSON.stringify({ "store-options": options }))];
    const own = ["--client-cert", made.clientCert, "--client-key", made.clientKey];
    const strange = ["--client-cert", strangers.clientCert, "--client-key", strangers.clientKey];
    await desyncExtracts(place, [...ca, ...own, "-s", mutual.url, index]);
    await desyncExtracts(place, [...config, ...ca, "-s", guarded.url, index]);
    const env = { DESYNC_HTTP_AUTH: "Bearer token" };
    const ours = ["extract", ...ca, "-e", "1"];
    strictEqual((await runCli([...ours, ...own, "-s", mutual.url, index, dir.path("a")])).code, 0);
    strictEqual((await runCli([...ours, "-s", guarded.url, index, dir.path("b")], { env })).code, 0);

    const refused: string[][] = [
      [...ca, ...strange, "-s", mutual.url],
      [...ca, "-s", mutual.url],
      [...ca, "-s", guarded.url],
    ];
    for (const words of refused) {
      const theirs = await runAny(peers.desync!, ["extract", "-e", "1", ...words, index, dir.path("no")]);
      strictEqual(theirs.code, 1, words.join(" "));
      strictEqual(
        (await runCli(["extract", "-e", "1", ...words, index, dir.path("no")])).code,
        1,
        words.join(" "),
      );
    }
    ok(!guarded.stderr.includes("token"));
  },
});

inTurn()({
  name: "casync reads from chunk-server and index-server",
  ignore: !peers.casync || !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, bytes, store } = place;
    await using chunks = await startDesyncServer(dir, ["chunk-server", "-s", store]);
    await using indexes = await startDesyncServer(dir, ["index-server", "-s", dir.root]);
    // casync knows no indexes with desync's flags.
    const index = dir.path("casync.caibx");
    await run(peers.casync, ["make", `--store=${store}`, index, place.file]);
    const target = dir.path("target");
    await run(peers.casync, ["extract", `--store=${chunks.url}`, `${indexes.url}casync.caibx`, target]);
    sameBytes(Deno.readFileSync(target), bytes);
    for (const server of [chunks, indexes]) await endsWell(server);
  },
});

inTurn()({
  name: "chunk-server passes on what desync's chunk-server has, and keeps it",
  ignore: !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, store, index } = place;
    await using upstream = await startGoServer(store);
    await using server = await startDesyncServer(dir, [
      "chunk-server",
      "-s",
      upstream.url,
      "-c",
      dir.path("cache"),
    ]);
    await desyncExtracts(place, ["-s", server.url, index]);
    await upstream.daemon.stop();
    await desyncExtracts(place, ["-s", server.url, index]);
    await endsWell(server);
  },
});

Deno.test({
  name: "what one chunk-server of desync does not have, or has uncompressed, is read from the next",
  ignore: !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, bytes, store, index } = place;
    await using empty = await startGoServer(dir.dir("empty"));
    await using uncompressed = await startGoServer(store, "-u");
    const stores = ["-s", empty.url, "-s", uncompressed.url];
    const { code, stderr } = await runCli(["extract", ...stores, index, dir.path("target")]);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(dir.path("target")), bytes);
  },
});

async function startGoServer(
  store: string,
  ...options: string[]
): Promise<{ url: string; daemon: Daemon } & AsyncDisposable> {
  const port = freePort();
  const address = ["-l", `127.0.0.1:${port}`];
  const daemon = new Daemon(peers.desync!, ["chunk-server", "-s", store, ...options, ...address]);
  await listening(daemon, port);
  return { url: `http://127.0.0.1:${port}/`, daemon, [Symbol.asyncDispose]: () => daemon.stop() };
}

inTurn()({
  name: "curl gets chunks over HTTP/1.0, HTTP/1.1, TLS and a socket in the file system",
  ignore: !peers.curl || !peers.openssl || !peers.desync || !canServe(),
  fn: async () => {
    using place = madeByDesync();
    const { dir, store } = place;
    const [path] = filesIn(store);
    const chunk = Deno.readFileSync(`${store}/${path}`);
    const made = await makeCertificates(dir);
    const socket = dir.path("socket");
    await using plain = await startDesyncServer(dir, [
      "chunk-server",
      "-s",
      store,
      "-l",
      "127.0.0.1:0",
      "-l",
      socket,
    ]);
    await using secure = await startDesyncServer(dir, [
      ...["chunk-server", "-s", store, "--cert", made.serverCert, "--key", made.serverKey],
    ]);
    const curl = async (server: DesyncServer, ...words: string[]) => {
      const target = dir.path("got");
      const format = [
        "-w",
        "%{http_version} %{http_code}",
        "-o",
        target,
        "--cacert",
        made.ca,
        "--max-time",
        "20",
      ];
      const { stdout } = await run(peers.curl, ["-s", ...format, ...words, server.url + path]);
      return [stdout, Deno.readFileSync(target)] as const;
    };
    deepStrictEqual(await curl(plain, "--http1.0"), ["1.1 200", chunk]);
    deepStrictEqual(await curl(plain, "--http1.1"), ["1.1 200", chunk]);
    deepStrictEqual(await curl(plain, "--unix-socket", socket), ["1.1 200", chunk]);
    // There is no HTTP/2, also for those who ask for it.
    deepStrictEqual(await curl(secure, "--http2"), ["1.1 200", chunk]);
    deepStrictEqual(await curl(secure, "-r", "5-9"), ["1.1 206", chunk.subarray(5, 10)]);
    // It asks first whether it may send so much.
    const large = dir.write("large", new Uint8Array(3_000_000));
    for (const server of [plain, secure]) {
      const [answer] = await curl(server, "-T", large);
      match(answer, / 400$/);
    }
    for (const server of [plain, secure]) await endsWell(server);
  },
});

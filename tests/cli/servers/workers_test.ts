/** Servers with several threads. */

import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { ServerWorkers } from "../../../src/cli/servers/server_workers.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";
import type { ThreadOptions } from "../../../src/cli/servers/server_thread.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces, storePath } from "../../support/made.ts";
import { type DesyncServer, endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { peers } from "../../support/peers.ts";
import { tempDir } from "../../support/temp.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const ignore = Deno.build.os !== "linux" || !canServe();

/** The value of a line of the metrics. */
function metric(text: string, name: string): number {
  const line = text.split("\n").find((line) => line.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** What is answered on a new connection, which the system deals to some thread. */
async function answerOf(server: DesyncServer, path: string): Promise<string> {
  using client = new RawClient(server.port, `GET /${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  return await client.closed;
}

/** Waits until it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !await isSo(); tries++) {
    ok(tries < 2000, `never: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** How many descriptors the process has. */
function descriptors(server: DesyncServer): number {
  return [...Deno.readDirSync(`/proc/${server.daemon.pid}/fd`)].length;
}

/** How many workers the process has. */
function workersOf(server: DesyncServer): number {
  const tasks = `/proc/${server.daemon.pid}/task`;
  const names = [...Deno.readDirSync(tasks)].map(({ name }) =>
    Deno.readTextFileSync(`${tasks}/${name}/comm`)
  );
  return names.filter((name) => name.startsWith("worker")).length;
}

const FROM_STORE = 'desync_chunks_total{from="store"}';
const FROM_MEMORY = 'desync_chunks_total{from="memory"}';

inTurn()({
  name: "two threads answer, and each adds to the metrics; what they renew and hold",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces(), { form: "plain" });
    const more = makeBlob(dir, [new Uint8Array(3000).fill(9)], { name: "more" });
    const stores = dir.write("stores.json", JSON.stringify({ stores: [made.store] }));
    const log = dir.path("log");
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "--store-file", stores, "--workers", "2", "--log", log],
      ...["-l", `127.0.0.1:0,unix:${dir.path("socket")}`],
    ]);
    strictEqual(server.stderr.match(/serving/g)?.length, 2, server.stderr);

    // Each thread reads the chunk for itself, once, since it is converted; then both have it in memory.
    const path = storePath(made.ids[0], "zstd");
    let requests = 0;
    const askFor = async (status: number, times: number) => {
      for (let i = 0; i < times; i++) match(await answerOf(server, path), new RegExp(`^HTTP/1.1 ${status} `));
      requests += times;
    };
    /** The metrics once they are of both. */
    const ofBoth = async () => {
      let text = "";
      await until(async () => {
        text = await answerOf(server, "-/metrics");
        if (metric(text, FROM_STORE) < 2) await askFor(200, 1);
        return metric(text, FROM_STORE) === 2;
      });
      return text;
    };
    await ofBoth();
    await askFor(200, 20);
    const text = await ofBoth();
    strictEqual(metric(text, FROM_MEMORY), requests - 2);
    strictEqual(metric(text, "desync_http_requests_in_flight"), 1);

    // A store that is new to both, after the store file was broken for a while.
    dir.write("stores.json", "{");
    server.daemon.signal("SIGHUP");
    await server.says(/it is not JSON \(continuing as before\)\n/);
    strictEqual(server.stderr.match(/not JSON/g)?.length, 1, server.stderr);
    await askFor(200, 10);
    dir.write("stores.json", JSON.stringify({ stores: [more.store] }));
    Deno.renameSync(log, dir.path("old"));
    server.daemon.signal("SIGHUP");
    await server.says(/from now on/);
    strictEqual(server.stderr.match(/from now on/g)?.length, 1, server.stderr);
    await askFor(404, 30);

    const first = descriptors(server);
    for (let i = 0; i < 5; i++) {
      const length = server.stderr.length;
      server.daemon.signal("SIGHUP");
      await until(() => server.stderr.slice(length).includes("from now on"));
    }
    // Old stores and logs are closed when their last request is over.
    await until(() => descriptors(server) <= first);
    strictEqual(workersOf(server), 1);
    await endsWell(server);
    // All of them are logged, each once.
    const logged = (name: string, status: number) =>
      Deno.readTextFileSync(dir.path(name)).split(`GET /${path} HTTP/1.1" ${status} `).length - 1;
    deepStrictEqual([logged("old", 404), logged("log", 404)], [0, 30]);
    strictEqual(logged("old", 200) + logged("log", 200), requests - 30);
  },
});

inTurn()({
  name: "SIGTERM under load: both threads answer what was requested, and the status is 0",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const noise = new Uint8Array(8_000_000);
    for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
    const made = makeBlob(dir, [noise], { form: "plain" });
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "-s", made.store, "-u", "--workers", "2", "--metrics-listen", "127.0.0.1:0"],
    ]);
    const path = storePath(made.ids[0], "plain");
    const clients = Array.from({ length: 20 }, () => {
      const client = new RawClient(server.port, `GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      client.socket.pause();
      return client;
    });
    await Promise.all(clients.map((client) => client.readable()));
    const ended = server.end();
    // No thread takes connections any more, while those of before wait.
    await until(async () => await answerOf(server, "-/health") === "");
    // A thread that has stopped still has its numbers.
    const metrics = await (await fetch(server.urls[1])).text();
    ok(metric(metrics, 'desync_http_requests_total{method="GET",status="200"}') >= 20, metrics);
    for (const client of clients) client.socket.resume();
    for (const client of clients) {
      const received = await client.closed;
      strictEqual(received.length - received.indexOf("\r\n\r\n") - 4, noise.length);
    }
    strictEqual(await ended, 0);
  },
});

inTurn()({
  name: "both threads get the certificates, and new ones on SIGHUP",
  ignore: ignore || !peers.openssl,
  fn: async () => {
    using dir = tempDir();
    using other = tempDir();
    const [first, second] = [await makeCertificates(dir), await makeCertificates(other)];
    const made = makeBlob(dir, somePieces());
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "-s", made.store, "--cert", first.serverCert, "--key", first.serverKey],
      ...["--workers", "2"],
    ]);
    /** How many of twenty connections are those of a server with a certificate of this authority. */
    const trusted = async (ca: string) => {
      let count = 0;
      for (let i = 0; i < 20; i++) {
        using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)] });
        const response = await fetch(`${server.url}-/health`, { client }).catch(() => undefined);
        if (await response?.text() === "ok\n") count++;
      }
      return count;
    };
    deepStrictEqual([await trusted(first.ca), await trusted(second.ca)], [20, 0]);
    Deno.copyFileSync(second.serverCert, first.serverCert);
    Deno.copyFileSync(second.serverKey, first.serverKey);
    server.daemon.signal("SIGHUP");
    await until(async () => await trusted(second.ca) === 20);
    strictEqual(await trusted(first.ca), 0);
    await endsWell(server);
  },
});

inTurn()({
  name: "a second signal ends all threads at once",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using server = await startDesyncServer(dir, [
      "chunk-server",
      "-s",
      made.store,
      "-w",
      "--workers=2",
    ]);
    const head = `PUT /${storePath(made.ids[0], "zstd")} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx`;
    // Bodies that do not come keep it running.
    const clients = Array.from({ length: 8 }, () => new RawClient(server.port, head));
    const inFlight = async () =>
      metric(await answerOf(server, "-/metrics"), "desync_http_requests_in_flight");
    await until(async () => await inFlight() === 9);
    const ended = server.end();
    await server.says(/stopping/);
    server.daemon.signal("SIGINT");
    strictEqual(await ended, 130);
    for (const client of clients) client[Symbol.dispose]();
  },
});

inTurn()({
  name: "what keeps threads from starting is one error, and ends the command",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using server = await startDesyncServer(dir, [
      "index-server",
      "-s",
      dir.dir("indexes"),
      "--workers",
      "2",
    ]);
    const address = `127.0.0.1:${server.port}`;
    const run = (words: string[]) => runCli(words, { timeout: 20_000 });
    // Also of one that shares its ports with its own threads.
    for (const count of ["1", "2"]) {
      const refused = await run(["chunk-server", "-s", made.store, "-l", address, "--workers", count]);
      assertFails(refused, 1, `Cannot listen on ${address}: something else listens there`);
    }
    const metrics = await run([
      ...[
        "chunk-server",
        "-s",
        made.store,
        "-l",
        "127.0.0.1:0",
        "--workers",
        "2",
        "--metrics-listen",
        address,
      ],
    ]);
    assertFails(metrics, 1, `Cannot listen on ${address}`);
    const indexes = await run(["index-server", "-s", dir.root, "-w", "-l", "127.0.0.1:0", "--workers", "2"]);
    assertFails(indexes, 2, "--workers", "with --writable");
    await endsWell(server);
  },
});

Deno.test("a worker that cannot start, or ends later, is an error", async () => {
  // A module that fails at once, and one that fails when it is asked for something else than to start.
  const answering = `onmessage = ({ data: { kind, number } }) => {
    if (kind !== "start") throw new Error("broken");
    postMessage({ kind: "done", number });
  };`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  {
    using workers = new ServerWorkers(() => {}, url('throw new Error("broken")'));
    await rejects(workers.start(2, {} as ThreadOptions), /Cannot go on: a worker thread failed \(.*broken/);
  }
  using workers = new ServerWorkers(() => {}, url(answering));
  await workers.start(2, {} as ThreadOptions);
  await rejects(workers.reload({ kind: "stores" }), /a worker thread failed/);
  await rejects(workers.failed, /a worker thread failed \(.*broken/);
  await workers.stop();
});

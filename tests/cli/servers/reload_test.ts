/** What servers do on signals, while requests come. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { peers } from "../../support/peers.ts";
import { type Made, makeBlob, somePieces, storePath } from "../../support/made.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { type DesyncServer, endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { RawClient } from "../../support/servers/raw_client.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const ignore = Deno.build.os === "windows" || !canServe();

function writeStoreFile(dir: TempDir, content: unknown): string {
  return dir.write("stores.json", typeof content === "string" ? content : JSON.stringify(content));
}

/** Asks again and again, several at a time, until it is stopped. Any answer but a whole chunk ends it with an error. */
async function hammer(server: DesyncServer, made: Made, isOver: () => boolean): Promise<number> {
  const expected = Deno.readFileSync(made.chunk(0));
  let count = 0;
  const one = async () => {
    while (!isOver()) {
      const response = await fetch(server.url + storePath(made.ids[0], "zstd"));
      deepStrictEqual([response.status, await response.bytes()], [200, expected]);
      count++;
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return count;
}

inTurn()({
  name: "SIGHUP reads the store file again, while no request is lost",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const more = makeBlob(dir, [new Uint8Array(3000).fill(9)], { name: "more" });
    const path = writeStoreFile(dir, { stores: [made.store] });
    const log = dir.path("log");
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "--store-file", path, "--log", log, "--log-format", "json", "--memory", "0"],
    ]);
    const status = async () => {
      const response = await fetch(server.url + storePath(more.ids[0], "zstd"));
      await response.body?.cancel();
      return response.status;
    };
    let over = false;
    const hammering = hammer(server, made, () => over);
    strictEqual(await status(), 404);

    Deno.renameSync(log, dir.path("old"));
    writeStoreFile(dir, { STORES: [more.store, made.store], cache: dir.path("cache") });
    server.daemon.signal("SIGHUP");
    await server.says(/from now on/);
    strictEqual(await status(), 200);
    match(server.stderr, /serving \S*more, \S*blob, \S*cache from now on\n$/);

    // What is no store file, or names what cannot be opened, changes nothing.
    const broken: [content: unknown, says: RegExp][] = [
      ["{", /Cannot use the store file \S+: it is not JSON \(continuing as before\)/],
      [{ stores: [] }, /it names no stores \(continuing as before\)/],
      [{ stores: [dir.path("none")] }, /Cannot open the store \S+none: .* \(continuing as before\)/],
      [{ stores: "x" }, /"stores" is not a list/],
      [{ stores: [""] }, /"stores" is not a list/],
      [{ stores: [made.store], cache: 3 }, /"cache" is not a location/],
      [{ store: [made.store] }, /"store" is neither/],
      [[made.store], /it is not an object/],
    ];
    for (const [content, says] of broken) {
      writeStoreFile(dir, content);
      server.daemon.signal("SIGHUP");
      await server.says(says);
      strictEqual(await status(), 200);
    }
    over = true;
    ok(await hammering > 20);
    await endsWell(server);
    const lines = Deno.readTextFileSync(log).trimEnd().split("\n").map((line) => JSON.parse(line));
    ok(lines.every(({ status, complete }) => status === 200 && complete));
    ok(Deno.readTextFileSync(dir.path("old")).includes('"status":404'));
  },
});

inTurn()({
  name: "SIGHUP reads certificates again; those that cannot be used change nothing",
  ignore: ignore || !peers.openssl,
  fn: async () => {
    using dir = tempDir();
    using other = tempDir();
    const [first, second] = [await makeCertificates(dir), await makeCertificates(other)];
    const made = makeBlob(dir, somePieces());
    const [cert, key] = [dir.path("cert.pem"), dir.path("key.pem")];
    const install = (from: string, to: string) => Deno.copyFileSync(from, to);
    install(first.serverCert, cert);
    install(first.serverKey, key);
    await using server = await startDesyncServer(dir, [
      "chunk-server",
      "-s",
      made.store,
      "--cert",
      cert,
      "--key",
      key,
    ]);
    const answers = async (ca: string) => {
      using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)] });
      try {
        const response = await fetch(server.url + "-/health", { client });
        return await response.text();
      } catch {
        return "refused";
      }
    };
    deepStrictEqual([await answers(first.ca), await answers(second.ca)], ["ok\n", "refused"]);
    install(second.serverCert, cert);
    server.daemon.signal("SIGHUP");
    await server.says(/the key is not that of the certificate \(continuing as before\)/);
    strictEqual(await answers(first.ca), "ok\n");
    install(second.serverKey, key);
    server.daemon.signal("SIGHUP");
    while (await answers(second.ca) !== "ok\n") await new Promise((resolve) => setTimeout(resolve, 20));
    strictEqual(await answers(first.ca), "refused");
    await endsWell(server);
  },
});

inTurn()({
  name: "SIGTERM under load: what was asked is answered, and the status is 0",
  ignore,
  fn: async () => {
    using dir = tempDir();
    // Large answers, which are under way when the signal comes.
    const noise = new Uint8Array(8_000_000);
    for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
    const made = makeBlob(dir, [noise], { form: "plain" });
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", made.store, "-u"]);
    const path = storePath(made.ids[0], "plain");
    const clients = Array.from({ length: 20 }, () => {
      const client = new RawClient(server.port, `GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      client.socket.pause();
      return client;
    });
    // Each has a part of its answer waiting, and the rest is not sent yet.
    await Promise.all(clients.map((client) => client.readable()));
    const ended = server.end();
    await server.says(/stopping/);
    for (const client of clients) client.socket.resume();
    for (const client of clients) {
      const received = await client.closed;
      match(received, /^HTTP\/1\.1 200 OK\r\n/);
      strictEqual(received.length - received.indexOf("\r\n\r\n") - 4, noise.length);
    }
    strictEqual(await ended, 0);
  },
});

Deno.test({
  name: "a second signal ends the server at once",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", made.store, "-w"]);
    // A body that does not come keeps it running.
    using _client = new RawClient(
      server.port,
      `PUT /${storePath(made.ids[0], "zstd")} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx`,
    );
    while (!(await (await fetch(`${server.url}-/metrics`)).text()).includes("in_flight 2")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const ended = server.end();
    await server.says(/stopping/);
    server.daemon.signal("SIGINT");
    strictEqual(await ended, 130);
  },
});

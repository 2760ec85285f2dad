/** Stores and indexes behind web servers as targets: of make, chop, cache and tar, and as the cache. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { canServe } from "../../../src/deno/server/can_serve.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf } from "../../support/files.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { Daemon } from "../../support/servers/daemon.ts";
import { endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { startNginx } from "../../support/servers/nginx.ts";
import { tempDir } from "../../support/temp.ts";
import { freePort, listening } from "../../support/servers/ports.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

async function succeeds(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli(args);
  deepStrictEqual([code, stderr], [0, ""]);
}

inTurn()({
  name: "make, chop, cache, tar and caches put chunks behind nginx, and the index last",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const blob = dir.write("bytes", made.bytes);
    const www = dir.dir("www");
    Deno.chmodSync(www, 0o777);
    await using nginx = await startNginx(www, { put: true });
    const url = `${nginx.url.replace("//", "//me:s3cret@")}`;
    const holdsAll = async (store: string, index: string, bytes: Uint8Array) => {
      await succeeds("extract", "-s", store, index, dir.path("out"));
      sameBytes(Deno.readFileSync(dir.path("out")), bytes);
      Deno.removeSync(dir.path("out"));
    };

    await succeeds("make", "-s", `${url}make`, `${url}new/x.caibx`, blob);
    const puts = (await nginx.requests()).filter((line) => line.startsWith("PUT "));
    strictEqual(puts.pop(), "PUT /new/x.caibx 201");
    ok(puts.length > 0 && puts.every((line) => /^PUT \/make\/.*\.cacnk 201$/.test(line)), puts.join("\n"));
    await holdsAll(`${url}make`, `${url}new/x.caibx`, made.bytes);
    // What is there is not put again; the index is replaced.
    await succeeds("make", "-s", `${url}make`, `${url}new/x.caibx`, blob);
    const again = (await nginx.requests()).filter((line) => line.startsWith("PUT "));
    deepStrictEqual(again.slice(puts.length + 1), ["PUT /new/x.caibx 204"]);

    await succeeds("chop", "-u", "-s", `${url}plain`, made.index, blob);
    ok((await nginx.requests()).every((line) => !/plain.*cacnk 20/.test(line)));
    await holdsAll(`${url}plain`, made.index, made.bytes);
    await succeeds("cache", "-s", `${url}plain`, "-c", `${url}copy`, made.index);
    await holdsAll(`${url}copy`, made.index, made.bytes);
    await succeeds("extract", "-s", made.store, "-c", `${url}cache`, made.index, dir.path("other"));
    await holdsAll(`${url}cache`, made.index, made.bytes);
    dir.write("tree/file", made.bytes);
    await succeeds("tar", "-i", "-s", `${url}tar`, `${url}tree.caidx`, dir.path("tree"));
    await succeeds(
      "untar",
      "-i",
      "--no-same-owner",
      "-s",
      `${url}tar`,
      `${url}tree.caidx`,
      dir.path("again"),
    );
    sameBytes(Deno.readFileSync(dir.path("again/file")), made.bytes);

    await using narrow = await startNginx(www, { put: true, largest: 1000 });
    const large = await runCli(["make", "-u", "-s", `${narrow.url}narrow`, `${url}y.caibx`, blob]);
    assertFails(large, 1, `Cannot write ${narrow.url}narrow/`, "413", "larger than what the server takes");
    await using readOnly = await startNginx(www);
    const refused = await runCli(["make", "-s", `${readOnly.url}new`, `${url}y.caibx`, blob]);
    assertFails(refused, 1, `Cannot write ${readOnly.url}new/`, "HTTP status 405", "takes no uploads there");
    ok(!(await nginx.requests()).some((line) => line.includes("y.caibx 201")), "no index without its chunks");
    const noIndex = await runCli(["make", "-s", dir.path("here"), `${readOnly.url}y.caibx`, blob]);
    assertFails(noIndex, 1, `Cannot write ${readOnly.url}y.caibx`, "HTTP status 405");
  },
});

Deno.test({
  name: "make and caches fill stores behind rclone's WebDAV, which makes no directories by itself",
  ignore: !peers.rclone,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const blob = dir.write("bytes", made.bytes);
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = ["serve", "webdav", dir.dir("www"), "--addr", `127.0.0.1:${port}`, "--config", ""];
    await using rclone = new Daemon(peers.rclone!, args);
    await listening(rclone, port);
    await succeeds("make", "-s", `${url}/store`, `${url}/x.caibx`, blob);
    await succeeds("extract", "-s", `${url}/store`, "-c", `${url}/cache`, `${url}/x.caibx`, dir.path("out"));
    sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
    deepStrictEqual(
      Object.keys(contentOf(dir.path("www/cache"))),
      Object.keys(contentOf(dir.path("www/store"))),
    );
  },
});

inTurn()({
  name: "make publishes to chunk-server and index-server in one command",
  ignore: !canServe(),
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const blob = dir.write("bytes", made.bytes);
    const [store, indexes] = [dir.dir("served"), dir.dir("indexes")];
    const env = { DESYNC_HTTP_AUTH: "Bearer t0ken" };
    await using chunkServer = await startDesyncServer(dir, ["chunk-server", "-w", "-s", store], env);
    await using indexServer = await startDesyncServer(dir, ["index-server", "-w", "-s", indexes], env);
    const target = `${indexServer.url}x.caibx`;
    const published = await runCli(["make", "-s", chunkServer.url, target, blob], { env });
    deepStrictEqual([published.code, published.stderr], [0, ""]);
    await succeeds("extract", "-s", store, `${indexes}/x.caibx`, dir.path("out"));
    sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
    const wrong = { env: { DESYNC_HTTP_AUTH: "Bearer 0ther" } };
    const refused = await runCli(["make", "-s", chunkServer.url, target, blob], wrong);
    assertFails(refused, 1, `Cannot write ${target}: HTTP status 401`);
    ok(!refused.stderr.includes("0ther"));
    await Promise.all([chunkServer, indexServer].map(endsWell));
  },
});

Deno.test("an upload that fails in the middle leaves no index, and passing failures are retried", async () => {
  using dir = tempDir();
  const blob = dir.write("bytes", makeBlob(dir, somePieces()).bytes);
  const run = async (failures: number) => {
    let puts = 0;
    await using server = await startFaultyServer({}, ({ method, path }) => {
      if (method !== "PUT") return { status: 404 };
      if (path.endsWith("x.caibx")) return { status: 201 };
      return puts++ < failures ? { cut: { after: "request", by: "reset" } } : { status: 201 };
    });
    const url = server.url.replace("//", "//me:s3cret@");
    const result = await runCli(["make", "-b", "1ms", "-s", url, `${url}/x.caibx`, blob]);
    const last = server.requests.at(-1)!;
    return { result, published: last.method === "PUT" && last.path === "/x.caibx" };
  };
  const flaky = await run(2);
  deepStrictEqual([flaky.result.code, flaky.result.stderr, flaky.published], [0, "", true]);
  const broken = await run(1000);
  assertFails(broken.result, 1, "Cannot write http://127.0.0.1:", "tried 3 times");
  ok(!broken.published && !broken.result.stderr.includes("s3cret"), broken.result.stderr);
});

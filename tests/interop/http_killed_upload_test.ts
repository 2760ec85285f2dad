/** A program that is killed while it uploads to web servers. */
import { ok } from "node:assert/strict";
import { canServe } from "../../src/deno/server/can_serve.ts";
import { filesIn } from "../support/files.ts";
import { peers } from "../support/peers.ts";
import { endsWell, startDesyncServer } from "../support/servers/desync_server.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";
import { killsUpload } from "./killed_upload.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Kills an upload to a store whose files are in a directory of this machine. */
async function kills(dir: TempDir, store: string, index: string, listed: string): Promise<void> {
  const chunks = () => Promise.resolve(filesIn(listed).filter((name) => name.endsWith(".cacnk")).length);
  await killsUpload(dir, { store, index, env: {}, listed, chunks });
  ok(filesIn(listed).every((name) => name.endsWith(".cacnk")), filesIn(listed).join("\n"));
}

inTurn()({
  name: "make that is killed leaves right chunks and no index: nginx",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const www = dir.dir("www");
    Deno.chmodSync(www, 0o777);
    await using nginx = await startNginx(www, { put: true });
    Deno.chmodSync(dir.dir("www/store"), 0o777);
    await kills(dir, `${nginx.url}store`, `${nginx.url}x.caibx`, dir.path("www/store"));
  },
});

inTurn()({
  name: "make that is killed leaves right chunks and no index: chunk-server and index-server",
  ignore: !canServe(),
  fn: async () => {
    using dir = tempDir();
    const [store, indexes] = [dir.dir("served"), dir.dir("indexes")];
    await using chunkServer = await startDesyncServer(dir, ["chunk-server", "-w", "-s", store]);
    await using indexServer = await startDesyncServer(dir, ["index-server", "-w", "-s", indexes]);
    await kills(dir, chunkServer.url, `${indexServer.url}x.caibx`, store);
    await Promise.all([chunkServer, indexServer].map(endsWell));
  },
});

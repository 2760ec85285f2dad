/** A file of another machine, by OpenSSH's SFTP server: in order, in parts, and by another session. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { concat } from "../../../src/core/bytes.ts";
import { SftpBytes } from "../../../src/stores/sftp/sftp_bytes.ts";
import { REQUESTS } from "../../../src/stores/sftp/sftp_packets.ts";
import { retriedBytes } from "../../../src/stores/wrappers/retried_bytes.ts";
import { peers } from "../../support/peers.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import type { Host } from "../../support/servers/host.ts";
import { attributes, data, handle, serve, status } from "../../support/servers/sftp_host.ts";
import { sessionsOver, startSftpServer } from "../../support/servers/sftp_server.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test({
  name:
    "a file over SFTP is read in order and in parts, again when its session broke, and not once it changed",
  ignore: !peers["sftp-server"],
  fn: async () => {
    using dir = tempDir();
    const killers: (() => void)[] = [];
    await using sessions = sessionsOver(() => startSftpServer([], (kill) => killers.push(kill)));
    const at = (path: string) => {
      const place = { redacted: `sftp://host/${path}`, path: dir.path(path), sessions };
      return retriedBytes(new SftpBytes(place), { retries: 1, baseIntervalMs: 1 });
    };
    const content = random().bytes(700_000);
    dir.write("x", content);
    dir.write("empty", "");
    const all = async (path: string) => concat(await Array.fromAsync(at(path).stream()));
    sameBytes(await all("x"), content);
    deepStrictEqual(await all("empty"), new Uint8Array(0));
    for (const [path, says] of [["none", "no such file or directory"], ["", "it is not a file"]]) {
      const message = `Cannot read sftp://host/${path}: ${says}`;
      await rejects(all(path), { message });
      await rejects(at(path).access(), { message });
    }

    const access = (await at("x").access())!;
    strictEqual(access.size, content.length);
    const part = async (start: number, end: number) => {
      sameBytes(
        await access.read(start, Math.min(100, end - start)),
        content.subarray(start, end).slice(0, 100),
      );
      sameBytes(concat(await Array.fromAsync(access.pieces(start, end))), content.subarray(start, end));
    };
    for (const [start, end] of [[0, 1], [32_700, 400_000], [261_119, 261_121], [699_990, 700_000]]) {
      await part(start, end);
    }
    await rejects(access.read(699_991, 10), { message: /it ends at byte 700000, before byte 700001$/ });
    killers[0]();
    await part(500_000, 600_000);
    strictEqual(killers.length, 2);
    Deno.utimeSync(dir.path("x"), 1, 1);
    killers[1]();
    await rejects(access.read(600_000, 10), { code: "store", message: /it changed while it was read/ });
    access[Symbol.dispose]?.();

    const aborted = at("x").stream({ signal: AbortSignal.abort() });
    await rejects(Array.fromAsync(aborted), { code: "interrupted" });
  },
});

Deno.test("a file over SFTP is opened again once for all who read it, and every handle is closed", async () => {
  const open = new Set<string>();
  let opened = 0;
  let host: Host;
  await using sessions = sessionsOver(() => {
    open.clear();
    opened = 0;
    host = serve(({ type, id, fields }, host) => {
      // A handle is eight characters.
      const name = new TextDecoder().decode(fields.subarray(4, 12));
      if (type === REQUESTS.open) {
        const name = `handle ${++opened}`;
        open.add(name);
        return host.send(handle(id, name));
      }
      if (type === REQUESTS.fstat) return host.send(attributes(id, 1000));
      if (type === REQUESTS.read) return host.send(data(id, new Uint8Array(10)));
      if (type === REQUESTS.close) open.delete(name);
      host.send(status(id, 0));
    });
    return host.connection;
  });
  const bytes = new SftpBytes({ redacted: "sftp://host/x", path: "/x", sessions });
  const endSession = async () => {
    const session = await sessions.session();
    host.end();
    await session.finished;
  };
  const check = async (openedNow: number, left: number) => {
    // A handle is closed some answers after its caller was aborted.
    for (let i = 0; i < 10; i++) await (await sessions.session()).request("stat");
    deepStrictEqual([opened, open.size], [openedNow, left]);
  };

  const access = await bytes.access();
  const pieces = async (start: number, signal?: AbortSignal) =>
    await Array.fromAsync(access.pieces(start, start + 10, { signal }));
  await endSession();
  await Promise.all([pieces(0), pieces(100), pieces(200)]);
  await check(1, 1);

  // One who is aborted takes nothing from the others.
  await endSession();
  const abort = new AbortController();
  const reads = [pieces(0, abort.signal), pieces(100)];
  abort.abort();
  await rejects(reads[0], { code: "interrupted" });
  await reads[1];
  await check(1, 1);

  await endSession();
  const late = pieces(0);
  access[Symbol.dispose]?.();
  await rejects(late, { code: "store", message: "Cannot read sftp://host/x: it has been closed" });
  await check(1, 0);

  // An aborted caller does not get the file, and does not close it.
  const earlier = new AbortController();
  const opening = bytes.access({ signal: earlier.signal });
  earlier.abort();
  await rejects(opening, { code: "interrupted" });
  await check(2, 0);
});

/** A file of another machine, by OpenSSH's SFTP server: in order, in parts, and by another session. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { concat } from "../../../src/core/bytes.ts";
import { SftpBytes } from "../../../src/stores/sftp/sftp_bytes.ts";
import { retriedBytes } from "../../../src/stores/wrappers/retried_bytes.ts";
import { peers } from "../../support/peers.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
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

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { type FileCalls, nodeFiles, systemFiles } from "../../../src/deno/files/file_calls.ts";
import { tempDir } from "../../support/temp.ts";

const linux = Deno.build.os === "linux";

/** What both have to do alike. */
const kinds: [string, () => FileCalls & Partial<Disposable> | null][] = [
  ["node's", nodeFiles],
  ["the C library's", systemFiles],
];

for (const [whose, open] of kinds) {
  const test = (name: string, work: (calls: FileCalls, path: string) => void) =>
    Deno.test({
      name: `${whose} calls ${name}`,
      ignore: open === systemFiles && !linux,
      fn: () => {
        using dir = tempDir();
        const calls = open()!;
        try {
          work(calls, dir.path("file"));
        } finally {
          calls[Symbol.dispose]?.();
        }
      },
    });

  test("read and write at any place", (calls, path) => {
    Deno.writeTextFileSync(path, "0123456789");
    const fd = calls.open(path, { write: true });
    const read = (bytes: number, at: number | null) => {
      const buffer = new Uint8Array(bytes);
      return new TextDecoder().decode(buffer.subarray(0, calls.read(fd, buffer, at)));
    };
    strictEqual(read(4, 3), "3456");
    strictEqual(read(4, null), "0123", "reading at a place does not move where it stands");
    strictEqual(read(100, null), "456789");
    strictEqual(read(100, null), "");
    strictEqual(read(4, 5_000_000_000), "");
    strictEqual(calls.write(fd, new TextEncoder().encode("<abc>").subarray(1, 4), 8), 3);
    calls.close(fd);
    strictEqual(Deno.readTextFileSync(path), "01234567abc");
  });

  test("reach places beyond 4 GB", (calls, path) => {
    // Its files have no holes unless they are asked for.
    if (Deno.build.os === "windows") return;
    Deno.writeTextFileSync(path, "");
    const fd = calls.open(path, { write: true });
    calls.write(fd, Uint8Array.of(7), 5_000_000_000);
    strictEqual(calls.info(fd).size, 5_000_000_001);
    const byte = new Uint8Array(1);
    strictEqual(calls.read(fd, byte, 5_000_000_000), 1);
    deepStrictEqual(byte, Uint8Array.of(7));
    calls.close(fd);
  });

  test("identify a file as Deno does", (calls, path) => {
    Deno.writeTextFileSync(path, "abc");
    const fd = calls.open(path, {});
    const { dev, ino, size } = calls.info(fd);
    calls.close(fd);
    strictEqual(size, 3);
    const stat = Deno.statSync(path);
    if (Deno.build.os !== "windows") deepStrictEqual([dev, ino], [stat.dev, stat.ino]);
  });

  test("change what users may, and whose a file is", (calls, path) => {
    if (Deno.build.os === "windows") return;
    Deno.writeTextFileSync(path, "");
    const fd = calls.open(path, {});
    const { uid, gid } = calls.info(fd);
    deepStrictEqual([uid, gid], [Deno.uid(), Deno.gid()]);
    calls.setMode(fd, 0o640);
    strictEqual(Deno.statSync(path).mode! & 0o7777, 0o640);
    if (uid === 0) {
      calls.setOwner(fd, 12345, 4294967294);
      const changed = Deno.statSync(path);
      deepStrictEqual([changed.uid, changed.gid], [12345, 4294967294]);
      const seen = calls.info(fd);
      deepStrictEqual([seen.uid, seen.gid], [12345, 4294967294]);
    } else throws(() => calls.setOwner(fd, 0, 0), { code: "EPERM" });
    calls.close(fd);
  });

  test("give the present time", (calls, path) => {
    Deno.writeTextFileSync(path, "");
    Deno.utimeSync(path, 1000, 1000);
    const fd = calls.open(path, { write: true });
    calls.touch(fd);
    calls.close(fd);
    ok(Date.now() - Deno.statSync(path).mtime!.getTime() < 60_000);
  });

  test("say what is there", (calls, path) => {
    strictEqual(calls.exists(path), false);
    Deno.writeTextFileSync(path, "");
    strictEqual(calls.exists(path), true);
    strictEqual(calls.exists(join(path, "..")), true);
  });

  test("say what is wrong", (calls, path) => {
    throws(() => calls.open(path, {}), { code: "ENOENT" });
    Deno.writeTextFileSync(path, "");
    throws(() => calls.open(`${path}\0x`, {}));
    strictEqual(calls.exists(`${path}\0x`), false);
    if (Deno.build.os === "windows") return;
    throws(() => calls.open(`${path}/x`, {}), { code: "ENOTDIR" });
    Deno.symlinkSync(path, `${path}.link`);
    throws(() => calls.open(`${path}.link`, { noFollow: true }), { code: "ELOOP" });
    calls.close(calls.open(`${path}.link`, {}));
    const directory = calls.open(join(path, ".."), {});
    throws(() => calls.read(directory, new Uint8Array(1), 0), { code: "EISDIR" });
    calls.close(directory);
    const fd = calls.open(path, {});
    throws(() => calls.write(fd, new Uint8Array(1), 0), { code: "EBADF" });
    calls.close(fd);
  });

  test("are not kept waiting by a pipe", (calls, path) => {
    if (Deno.build.os === "windows") return;
    strictEqual(new Deno.Command("mkfifo", { args: [path] }).outputSync().code, 0);
    calls.close(calls.open(path, { noWait: true }));
  });
}

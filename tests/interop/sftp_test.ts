/** Commands on stores and indexes over SFTP to a real sshd, and desync on the same: the table of docs/interop.md. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { freshBlob } from "../support/data/fresh_blob.ts";
import { denoDir } from "../support/deno_dir.ts";
import { type Outcome, outcome, tryTable } from "../support/documents/matrix.ts";
import { assertFails } from "../support/failure.ts";
import { filesIn } from "../support/files.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { peers } from "../support/peers.ts";
import { runAny } from "../support/process.ts";
import { killsUpload } from "./killed_upload.ts";
import { readsArchive } from "./reads_archive.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { startSshd } from "../support/servers/sshd.ts";
import { tempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

inTurn()({
  name: "docs/interop.md: SFTP; and every command that fills, reads or manages a store over SFTP",
  ignore: !peers.sshd,
  fn: async (t) => {
    using dir = tempDir();
    await using sshd = await startSshd();
    const location = (path: string) => `sftp://127.0.0.1:${sshd.port}${dir.root}/${path}`;
    const env = { CASYNC_SSH_PATH: sshd.ssh(), HOME: sshd.home, DENO_DIR: denoDir };

    const table = async () => {
      const bytes = freshBlob();
      const file = dir.write("whole", bytes);
      // desync makes no directory, and passes a port on as a part of the host's name.
      for (const name of ["go", "ours", "builtin", "plain", "sealed"]) dir.dir(name);
      dir.write("plain.json", JSON.stringify({ "store-options": { "*/plain": { uncompressed: true } } }));
      const sealed = { encryption: true, "encryption-key": "0123456789abcdef".repeat(4) };
      dir.writePrivate(
        "sealed.json",
        JSON.stringify({ "store-options": { [`sftp://*${dir.root}/sealed`]: sealed } }),
      );
      const desync = {
        at: (path: string) => `sftp://127.0.0.1${dir.root}/${path}`,
        run: (args: string[]) =>
          // With one session, not ten.
          runAny(peers.desync!, [...args, "-n", "1"], {
            env: { ...env, CASYNC_SSH_PATH: sshd.ssh(sshd.port) },
          }),
      };
      const ours = { at: location, run: (args: string[]) => runCli(args, { env }) };
      const builtin = { at: location, run: (args: string[]) => runCli([...args, "--ssh-builtin"], { env }) };
      const row = (maker: typeof ours, name: string, ...more: string[]) => async () => {
        const index = `${name}.caibx`;
        const made = await maker.run([...more, "make", "-s", maker.at(name), maker.at(index), file]);
        strictEqual(made.code, 0, made.stderr);
        const cell = (reader: typeof ours, nth: string) => async (): Promise<Outcome> => {
          const target = dir.path(`${name}-${nth}`);
          const args = ["extract", "-s", reader.at(name), reader.at(index), target];
          const result = await reader.run([...more, ...args]);
          if (result.code === 0) sameBytes(Deno.readFileSync(target), bytes);
          return outcome(result, []);
        };
        return {
          "desync": cell(desync, "go"),
          "this program": cell(ours, "ours"),
          "this program, ssh built in": cell(builtin, "builtin"),
        };
      };
      await tryTable("SFTP", {
        "desync": row(desync, "go"),
        "desync, uncompressed": row(desync, "plain", "--config", dir.path("plain.json")),
        "desync, encrypted": row(desync, "sealed", "--config", dir.path("sealed.json")),
        "this program": row(ours, "ours"),
        "this program, ssh built in": row(builtin, "builtin"),
      });
    };
    await t.step({ name: "the table", ignore: !peers.desync, fn: table });

    const succeeds = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli(args, { env });
      deepStrictEqual([code, stderr], [0, ""]);
      return stdout;
    };
    const made = makeBlob(dir, somePieces());
    await t.step("chop, cache, tar, caches, groups, verify and prune", async () => {
      const blob = dir.write("bytes", made.bytes);
      const holdsAll = async (store: string, ...more: string[]) => {
        await succeeds("extract", ...more, "-s", store, made.index, dir.path("out"));
        sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
        Deno.removeSync(dir.path("out"));
      };
      await succeeds("chop", "-u", "-s", location("new/chop"), made.index, blob);
      await holdsAll(location("new/chop"), "-n", "1");
      await succeeds("cache", "-s", location("new/chop"), "-c", location("copy/"), made.index);
      const copied = Date.now();
      const [first] = filesIn(dir.path("copy"));
      const stale = dir.write(`copy/${first.slice(0, 4)}/.tmp-cacnk-stale`, "four");
      Deno.utimeSync(stale, 1, 1);
      await succeeds("extract", "-s", made.store, "-c", location("cache"), made.index, dir.path("cached"));
      await holdsAll(`${location("cache")}|http://127.0.0.1:1/`);
      dir.write("tree/file", made.bytes);
      await succeeds("tar", "-i", "-s", location("tar"), location("tree.caidx"), dir.path("tree"));
      match(await succeeds("list", "-i", "-s", location("tar"), location("tree.caidx")), /file/);

      const verified = await runCli(["verify", "-s", location("copy")], { env });
      deepStrictEqual([verified.code, verified.stdout], [0, ""]);
      match(verified.stderr, /^desync: .*\/copy: 3 chunks \([\d.]+ KB\) will be read\n$/);
      const nothing = dir.write("none", "");
      // What was put there just now stays, and the server knows only the second.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, copied + 3000 - Date.now())));
      match(
        await succeeds("prune", "--dry-run", "-s", location("copy"), "--keep-chunks", nothing),
        /^3 chunks .* would be removed, 0 kept/,
      );
      await succeeds("prune", "-y", "-s", location("copy"), made.index);
      await holdsAll(location("copy"));
      strictEqual(filesIn(dir.path("copy")).some((name) => name.includes(".tmp")), false);
      await succeeds("prune", "-y", "-s", location("copy"), "--keep-chunks", nothing);
      const gone = await runCli(["cat", "-s", location("copy"), made.index], { env });
      assertFails(gone, 1, "not found", `searched: ${location("copy")}`);
    });

    await t.step("an archive on the host is unpacked, listed and described", async () => {
      dir.write("archives/x.catar", Deno.readFileSync(testdata("tree.catar")));
      await readsArchive(succeeds, location("archives/x.catar"), dir.path("unpacked"));
    });

    await t.step("make that is killed leaves right chunks and no index", async () => {
      const isChunk = (name: string) => !name.includes(".tmp");
      const chunks = () => Promise.resolve(filesIn(dir.path("killed")).filter(isChunk).length);
      const [store, index] = [location("killed"), location("killed.caibx")];
      dir.dir("killed");
      await killsUpload(dir, { store, index, env, chunks });
    });

    await t.step("what is wrong is one clear line", async () => {
      const image = dir.path("bytes");
      const store = location("new/chop");
      const wrong: [says: string | RegExp, args: string[], env?: Record<string, string>][] = [
        ["copy/none: no such directory", ["verify", "-s", location("copy/none")]],
        ["/bytes: not a directory", ["extract", "-s", location("bytes"), made.index, dir.path("new-file")]],
        ["none.caibx: no such file or directory", ["list-chunks", location("none.caibx")]],
        ["/tree: it is not a file", ["list-chunks", location("tree")]],
        ["none.catar: no such file or directory", ["untar", location("none.catar"), dir.path("target")]],
        ["/tree: it is not a file", ["list", location("tree")]],
        ["it does not start like", ["list-chunks", location("bytes")]],
        ["/none/y.caibx: no such directory", ["make", "-s", store, location("none/y.caibx"), image]],
        ["Host key verification failed", ["list-chunks", location("x")], { CASYNC_SSH_PATH: peers.ssh! }],
        ["the program /nowhere/ssh was not found", ["list-chunks", location("x")], {
          CASYNC_SSH_PATH: "/nowhere/ssh",
        }],
        [/says "nonsense.*" instead of speaking SFTP/, ["list-chunks", location("x")], {
          CASYNC_SSH_PATH: sshd.remote("echo", "nonsense"),
        }],
        [/no answer for 0\.3 seconds/, ["list-chunks", "-e", "0", "--timeout", "300ms", location("x")], {
          CASYNC_SSH_PATH: sshd.remote("sh", "-c", "exec sleep 100"),
        }],
        ["not in known_hosts", [
          "list-chunks",
          "--ssh-builtin",
          location("x").replace("127.0.0.1", "localhost"),
        ]],
      ];
      for (const [says, args, more] of wrong) {
        assertFails(await runCli(args, { env: { ...env, ...more } }), 1, says);
      }
    });
  },
});

Deno.test({
  name: "a host without SFTP is one clear line, with ssh and with the one built in",
  ignore: !peers.sshd,
  fn: async () => {
    await using sshd = await startSshd("Subsystem other /bin/false");
    const env = { CASYNC_SSH_PATH: sshd.ssh(), HOME: sshd.home, DENO_DIR: denoDir };
    const args = [
      "extract",
      "-s",
      `sftp://127.0.0.1:${sshd.port}/store`,
      testdata("casync-small.caibx"),
      "never",
    ];
    assertFails(await runCli(args, { env }), 1, "subsystem request failed");
    assertFails(await runCli([...args, "--ssh-builtin"], { env }), 1, /subsystem/);
  },
});

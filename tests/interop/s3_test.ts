/** Commands on stores and indexes in buckets of a real S3 server, and desync on the same: the table of docs/interop.md. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { S3Store } from "../../src/stores/s3/s3_store.ts";
import { runCli } from "../support/cli.ts";
import { freshBlob } from "../support/data/fresh_blob.ts";
import { type Outcome, outcome, tryTable } from "../support/documents/matrix.ts";
import { assertFails } from "../support/failure.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { peers } from "../support/peers.ts";
import { runAny } from "../support/process.ts";
import { killsUpload } from "./killed_upload.ts";
import { readsArchive } from "./reads_archive.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { canStartSwift, startSwift } from "../support/servers/s3/swift.ts";
import { tempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

inTurn()({
  name: "docs/interop.md: S3; and every command that fills, reads or manages a store in a bucket",
  ignore: !canStartSwift,
  fn: async (t) => {
    using dir = tempDir();
    await using swift = await startSwift();
    const bucket = await swift.bucket();
    const { env } = swift;

    const table = async () => {
      await using nginx = await startNginx(dir.root, { https: true, proxyTo: swift.url.replace("s3+", "") });
      const trusting = { ...env, SSL_CERT_FILE: nginx.certificates!.ca };
      const secure = bucket.replace(swift.url, `s3+${nginx.url}`);
      const bytes = freshBlob();
      const file = dir.write("whole", bytes);
      const programs = {
        "desync": (args: string[]) => runAny(peers.desync!, args, { env: trusting }),
        "this program": (args: string[]) => runCli(args, { env: trusting }),
      };
      const sealed = { encryption: true, "encryption-key": "0123456789abcdef".repeat(4) };
      const config = JSON.stringify({ "store-options": { [`${secure}/sealed`]: sealed } });
      const encrypted = ["--config", dir.writePrivate("sealed.json", config)];
      const row = (maker: keyof typeof programs, at: string, name: string, ...more: string[]) => async () => {
        const [store, index] = [`${at}/${name}`, `${at}/indexes/${name}.caibx`];
        const { code, stderr } = await programs[maker]([...more, "make", "-s", store, index, file]);
        strictEqual(code, 0, stderr);
        const cell = (reader: keyof typeof programs) => async (): Promise<Outcome> => {
          const target = dir.path(`${name}-${reader}`);
          const result = await programs[reader]([...more, "extract", "-s", store, index, target]);
          if (result.code === 0) sameBytes(Deno.readFileSync(target), bytes);
          return outcome(result, []);
        };
        return { "desync": cell("desync"), "this program": cell("this program") };
      };
      await tryTable("S3", {
        "desync, over TLS": row("desync", secure, "go"),
        "desync, over TLS, encrypted": row("desync", secure, "sealed", ...encrypted),
        "this program, over TLS": row("this program", secure, "ours"),
        "this program, without TLS": row("this program", bucket, "plain"),
      });
    };
    await t.step({ name: "the table", ignore: !peers.desync || !peers.nginx, fn: table });

    const succeeds = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli(args, { env });
      deepStrictEqual([code, stderr], [0, ""]);
      return stdout;
    };
    const made = makeBlob(dir, somePieces());
    await t.step("chop, cache, tar, caches, verify and prune", async () => {
      const blob = dir.write("bytes", made.bytes);
      const holdsAll = async (store: string) => {
        await succeeds("extract", "-s", store, made.index, dir.path("out"));
        sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
        Deno.removeSync(dir.path("out"));
      };
      await succeeds("chop", "-u", "-s", `${bucket}/chop`, made.index, blob);
      await holdsAll(`${bucket}/chop`);
      await succeeds("cache", "-s", `${bucket}/chop`, "-c", `${bucket}/copy/`, made.index);
      const copied = Date.now();
      await holdsAll(`${bucket}/copy`);
      await succeeds("extract", "-s", made.store, "-c", `${bucket}/cache`, made.index, dir.path("new"));
      await holdsAll(`${bucket}/cache`);
      dir.write("tree/file", made.bytes);
      await succeeds("tar", "-i", "-s", `${bucket}/tar`, `${bucket}/tree.caidx`, dir.path("tree"));
      strictEqual(
        (await succeeds("list", "-i", "-s", `${bucket}/tar`, `${bucket}/tree.caidx`)).length > 0,
        true,
      );

      const verified = await runCli(["verify", "-s", `${bucket}/copy`], { env });
      deepStrictEqual([verified.code, verified.stdout], [0, ""]);
      match(verified.stderr, /^desync: .*\/copy: 3 chunks \([\d.]+ KB\) will be read\n$/);
      const nothing = dir.write("none", "");
      // What was put there just now stays, and services know only the second.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, copied + 3000 - Date.now())));
      const dry = await succeeds("prune", "--dry-run", "-s", `${bucket}/copy`, "--keep-chunks", nothing);
      match(dry, /^3 chunks .* would be removed, 0 kept\n$/);
      await succeeds("prune", "-y", "-s", `${bucket}/copy`, made.index);
      await holdsAll(`${bucket}/copy`);
      await succeeds("prune", "-y", "-s", `${bucket}/copy`, "--keep-chunks", nothing);
      const gone = await runCli(["cat", "-s", `${bucket}/copy`, made.index], { env });
      assertFails(gone, 1, "not found", `searched: ${bucket}/copy`);
      await holdsAll(`${bucket}/chop`);
    });

    await t.step("an archive in the bucket is unpacked, listed and described", async () => {
      const archive = `${bucket}/archives/x.catar`;
      await swift.write(archive, Deno.readFileSync(testdata("tree.catar")));
      await readsArchive(succeeds, archive, dir.path("unpacked"));
    });

    await t.step("make that is killed leaves right chunks and no index", async () => {
      const store = `${bucket}/killed`;
      const listed = () => Array.fromAsync(new S3Store(store, swift.options).list());
      const chunks = async () => (await listed()).flat().length;
      await killsUpload(dir, { store, index: `${bucket}/killed.caibx`, env, chunks });
    });

    await t.step("what is wrong is one clear line", async () => {
      const image = dir.path("bytes");
      const wrong: [args: string[], env: Record<string, string>, says: string][] = [
        [["make", "-s", bucket, `${bucket}/y.caibx`, image], { S3_SECRET_KEY: "s3cret" }, "the secret key"],
        [["cat", "-s", bucket, made.index], { S3_SECRET_KEY: "s3cret" }, "does not accept the secret key"],
        [["verify", "-s", `${bucket}none`], {}, "the bucket does not exist"],
        [["make", "-s", `${bucket}none`, `${bucket}/y.caibx`, image], {}, "the bucket does not exist"],
        [["list-chunks", `${bucket}/none.caibx`], {}, "none.caibx: no such object"],
        [["untar", `${bucket}/none.catar`, dir.path("tree")], {}, "none.catar: no such object"],
        [["list", `${bucket}/x.catar`], { S3_SECRET_KEY: "s3cret" }, "does not accept the secret key"],
      ];
      for (const [args, more, says] of wrong) {
        const result = await runCli(args, { env: { ...env, ...more } });
        assertFails(result, 1, says);
        ok(!result.stderr.includes("s3cret"), result.stderr);
      }
      assertFails(await runCli(["list-chunks", `${bucket}/y.caibx`], { env }), 1, "no such object");
    });
  },
});

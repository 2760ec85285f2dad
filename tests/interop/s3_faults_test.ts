/**
 * Commands on a bucket of a real S3 service when something fails in the middle: never a wrong chunk, nor an index without its
 * chunks. tests/cli/faults/bucket_faults_test.ts has more answers, of a service that is not real.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { S3Client } from "../../src/stores/s3/s3_client.ts";
import { parseS3Location } from "../../src/stores/s3/s3_location.ts";
import { S3Store } from "../../src/stores/s3/s3_store.ts";
import { runCli } from "../support/cli.ts";
import { exists } from "../support/exists.ts";
import { assertFails } from "../support/failure.ts";
import { repository, runAny } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import type { Answer } from "../support/servers/faulty_server.ts";
import { s3Failure } from "../support/servers/s3/fake_bucket.ts";
import { type Fault, type FaultyService, startFaultyService } from "../support/servers/s3/faulty_service.ts";
import type { S3Service } from "../support/servers/s3/s3_service.ts";
import { canStartSwift, startSwift } from "../support/servers/s3/swift.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { share, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(3, import.meta.url);

const SIZES = ["-m", "4:16:64"];
const retries = (times: number) => ["--error-retry", `${times}`, "--error-retry-base-interval", "1ms"];
const RESET: Answer = { cut: { after: "request", by: "reset" } };

/** A prefix of a bucket, reached through the proxy; what is looked at without faults is reached without it. */
class Place {
  readonly service: S3Service;
  readonly bucket: string;
  readonly proxy: FaultyService;
  readonly #name: string;

  constructor(service: S3Service, bucket: string, proxy: FaultyService, name: string) {
    [this.service, this.bucket, this.proxy, this.#name] = [service, bucket, proxy, name];
    proxy.fault = () => undefined;
  }

  get store(): string {
    return this.proxy.location(`${this.bucket}/${this.#name}`);
  }

  get index(): string {
    return `${this.store}.caibx`;
  }

  run(args: string[], env: Record<string, string> = this.service.env) {
    return runCli(args, { env });
  }

  async succeeds(...[command, ...args]: string[]): Promise<void> {
    const { code, stderr } = await this.run([command, ...retries(9), ...args]);
    strictEqual(code, 0, stderr);
  }

  make(file: string, env?: Record<string, string>) {
    return this.run(["make", ...retries(1), ...SIZES, "-s", this.store, this.index, file], env);
  }

  async count(store = this.store): Promise<number> {
    const direct = store.replace(this.proxy.location(this.service.url), this.service.url);
    return (await Array.fromAsync(new S3Store(direct, this.service.options).list())).flat().length;
  }

  /** All chunks are right, there is no index, and the next run completes it. */
  async completes(file: string, dir: TempDir): Promise<void> {
    this.proxy.fault = () => undefined;
    const verified = await this.run(["verify", "-s", this.store]);
    deepStrictEqual([verified.code, verified.stdout], [0, ""]);
    assertFails(await this.run(["list-chunks", this.index]), 1, "no such object");
    const made = await this.make(file);
    strictEqual(made.code, 0, made.stderr);
    await this.holds(file, dir);
  }

  async holds(file: string, dir: TempDir): Promise<void> {
    const out = dir.path("out");
    const { code, stderr } = await this.run(["extract", "-s", this.store, this.index, out]);
    deepStrictEqual([code, stderr], [0, ""]);
    sameBytes(Deno.readFileSync(out), Deno.readFileSync(file));
    Deno.removeSync(out);
  }
}

inTurn()({
  name: "S3 that fails in the middle",
  ignore: !canStartSwift,
  fn: async (t) => {
    using dir = tempDir();
    await using service = await startSwift();
    await using proxy = await startFaultyService(service);
    const bucket = await service.bucket();
    const file = dir.write("image", random().bytes(400_000));
    const place = (name: string) => new Place(service, bucket, proxy, name);

    await t.step(
      "resets, errors and throttling that pass, also where the answer alone was lost",
      async () => {
        const at = place("passing");
        const cutShort = ({ body = "", ...answer }: Answer): Answer => ({
          ...answer,
          body,
          cut: { after: Math.floor(body.length / 2), by: "reset" },
        });
        const faults: Fault[] = [
          () => RESET,
          (_, ask) => ask().then(() => RESET),
          () => s3Failure(503, "SlowDown"),
          () => ({ status: 429 }),
          () => s3Failure(500, "InternalError"),
          ({ method }, ask) => method === "GET" ? ask().then(cutShort) : undefined,
        ];
        let requests = 0;
        at.proxy.fault = (request, ask) =>
          requests++ % 3 === 0 ? faults[Math.floor(requests / 3) % faults.length](request, ask) : undefined;
        const copy = `${at.store}-copy`;
        await at.succeeds("make", ...SIZES, "-s", at.store, at.index, file);
        await at.succeeds("extract", "-s", at.store, at.index, dir.path("passed"));
        sameBytes(Deno.readFileSync(dir.path("passed")), Deno.readFileSync(file));
        await at.succeeds("cache", "-s", at.store, "-c", copy, at.index);
        await at.succeeds("verify", "-s", copy);
        await at.succeeds("prune", "-y", "-s", copy, at.index);
        strictEqual(await at.count(copy), await at.count());
        at.proxy.fault = () => undefined;
        await at.holds(file, dir);
      },
    );

    await t.step("failures that last: no index, no wrong chunk, and the next run completes it", async () => {
      const lasting: readonly [Answer, says: string][] = [
        [RESET, "Cannot "],
        [s3Failure(503, "SlowDown"), "the service wants fewer requests"],
        [{ status: 429 }, "429"],
        [s3Failure(500, "InternalError"), "InternalError"],
        [s3Failure(400, "ExpiredToken"), "the credentials have expired"],
      ];
      for (const [i, [answer, says]] of share(lasting, 3).entries()) {
        const at = place(`lasting${i}`);
        let puts = 0;
        at.proxy.fault = ({ method }) => method === "PUT" && ++puts > 5 ? answer : undefined;
        assertFails(await at.make(file), 1, says);
        ok(await at.count() > 0);
        await at.completes(file, dir);
      }
    });

    await t.step("a list that is cut short removes nothing, and verifies nothing", async () => {
      const at = place("listed");
      strictEqual((await at.make(file)).code, 0);
      const before = await at.count();
      const cuts: ((whole: Uint8Array) => Answer)[] = [
        (whole) => ({ body: whole.subarray(0, whole.length / 2) }),
        (whole) => ({ body: whole, cut: { after: Math.floor(whole.length / 2), by: "close" } }),
      ];
      for (const cut of cuts) {
        at.proxy.fault = async ({ query }, ask) => {
          if (!query.includes("list-type")) return undefined;
          return cut(new Uint8Array((await ask()).body as Uint8Array));
        };
        for (const command of [["verify"], ["prune", "-y"]]) {
          const [name, ...more] = command;
          const args = name === "prune" ? ["--keep-chunks", dir.write("none", "")] : [];
          assertFails(
            await at.run([name, ...retries(1), ...more, "-s", at.store, ...args]),
            1,
            "Cannot list",
          );
          strictEqual(await at.count(), before);
        }
      }
      at.proxy.fault = () => undefined;
      await at.holds(file, dir);
    });

    await t.step("credentials that expire in the middle are read again from their file", async () => {
      const at = place("expired");
      const { S3_ACCESS_KEY, S3_SECRET_KEY } = service.env;
      const write = (name: string, token: string) =>
        dir.writePrivate(
          name,
          `[default]\naws_access_key_id = ${S3_ACCESS_KEY}\naws_secret_access_key = ${S3_SECRET_KEY}\n${token}`,
        );
      const keys = write("keys", "aws_session_token = old\n");
      const others = write("others", "");
      let puts = 0;
      at.proxy.fault = ({ method, headers }) => {
        if (headers.get("x-amz-security-token") !== "old") return undefined;
        if (method !== "PUT" || ++puts < 5) return undefined;
        // At once, as those do who renew them: half a file would be read.
        if (exists(others)) Deno.renameSync(others, keys);
        return s3Failure(400, "ExpiredToken");
      };
      const { code, stderr } = await at.make(file, { AWS_SHARED_CREDENTIALS_FILE: keys });
      deepStrictEqual([code, stderr], [0, ""]);
      at.proxy.fault = () => undefined;
      await at.holds(file, dir);
    });

    await t.step("a clock that is an hour wrong is set right by the service's", async () => {
      const at = place("skewed");
      const program = join(repository, "tests/support/programs/skewed_main.ts");
      let refused = 0;
      at.proxy.fault = async (_, ask) => {
        const answer = await ask();
        if (new TextDecoder().decode(answer.body as Uint8Array).includes("RequestTimeTooSkewed")) refused++;
        return answer;
      };
      const make = ["make", ...SIZES, "-s", at.store, at.index, file];
      const args = ["run", "-A", "--no-check", program, ...make];
      const { code, stderr } = await runAny(Deno.execPath(), args, { env: service.env });
      deepStrictEqual([code, stderr], [0, ""]);
      ok(refused > 0, "the service takes any clock");
      await at.holds(file, dir);
    });

    await t.step("a bucket that vanishes while it is read leaves no file", async () => {
      const bucket = await service.bucket();
      const at = new Place(service, bucket, proxy, "x");
      strictEqual((await at.make(file)).code, 0);
      const store = new S3Store(`${bucket}/x`, service.options);
      const client = new S3Client(parseS3Location(bucket), service.options);
      const remove = (key?: string) =>
        client.request({ method: "DELETE", key, action: "remove" }, () => Promise.resolve());
      const vanish = async () => {
        for (const { id } of (await Array.fromAsync(store.list())).flat()) await store.remove(id);
        await remove("x.caibx");
        await remove();
      };
      let [reads, vanished] = [0, undefined as Promise<void> | undefined];
      at.proxy.fault = async ({ path }) => {
        if (!path.endsWith(".caibx") && ++reads > 5) await (vanished ??= vanish());
        return undefined;
      };
      const out = dir.path("never");
      const failed = await at.run(["extract", ...retries(1), "-s", at.store, at.index, out]);
      assertFails(failed, 1, "the bucket does not exist");
      strictEqual(exists(out), false);
      assertFails(await at.make(file), 1, "the bucket does not exist");
      assertFails(await at.run(["verify", "-s", at.store]), 1, "the bucket does not exist");
    });
  },
});

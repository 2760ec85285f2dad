/** Commands on a bucket whose service fails in the middle: a wrong chunk, or an index without its chunks, is never left. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type FakeBucket, s3Failure, startFakeBucket } from "../../support/servers/s3/fake_bucket.ts";
import type { FaultyRequest } from "../../support/servers/faulty_request.ts";
import type { Answer } from "../../support/servers/faulty_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const env = { S3_ACCESS_KEY: "AKID", S3_SECRET_KEY: "s3cret", S3_SESSION_TOKEN: "t0ken", S3_REGION: "" };
const retrying = (times: number) => ["--error-retry", `${times}`, "--error-retry-base-interval", "1ms"];
const QUICK = retrying(1);
const SIZES = ["-m", "4:16:64"];

/** Makes a file's index and chunks in the bucket. */
function make({ location }: FakeBucket, file: string, more: Record<string, string> = env) {
  const args = ["make", ...QUICK, ...SIZES, "-s", `${location}/store`, `${location}/x.caibx`, file];
  return runCli(args, { env: more });
}

/** Looks at all that is there, without any fault. */
async function holdsNothingWrong(bucket: FakeBucket): Promise<void> {
  bucket.fault = () => undefined;
  const { code, stdout } = await runCli(["verify", "-s", `${bucket.location}/store`], { env });
  deepStrictEqual([code, stdout], [0, ""]);
}

async function holdsFile(bucket: FakeBucket, file: string, dir: TempDir): Promise<void> {
  const { location } = bucket;
  const out = dir.path("out");
  const args = ["extract", ...QUICK, "-s", `${location}/store`, `${location}/x.caibx`, out];
  const { code, stderr } = await runCli(args, { env });
  deepStrictEqual([code, stderr], [0, ""]);
  sameBytes(Deno.readFileSync(out), Deno.readFileSync(file));
  Deno.removeSync(out);
}

/** Some chunks of about 16 KiB. */
const image = (dir: TempDir) => dir.write("image", random().bytes(400_000));

const lasting: readonly [Answer, says: string][] = [
  [s3Failure(404, "NoSuchBucket"), "the bucket does not exist"],
  [s3Failure(400, "ExpiredToken"), "the credentials have expired"],
  [s3Failure(403, "AccessDenied"), "AccessDenied"],
  [s3Failure(403, "RequestTimeTooSkewed"), "the clock of this machine or the service's is wrong"],
  [s3Failure(503, "SlowDown"), "the service wants fewer requests"],
  [s3Failure(500, "InternalError"), "InternalError"],
  [{ status: 429 }, "429"],
  [{ cut: { after: "request", by: "reset" } }, "Cannot"],
];

inTurn()(
  "a service that fails for good while chunks are put: no index, no wrong chunk, and the next run completes it",
  async () => {
    using dir = tempDir();
    const file = image(dir);
    for (const [answer, says] of lasting) {
      await using bucket = await startFakeBucket();
      bucket.fault = () => bucket.objects.size >= 5 ? answer : undefined;
      const result = await make(bucket, file);
      assertFails(result, 1, says);
      ok(!/s3cret|t0ken/.test(result.stderr), result.stderr);
      strictEqual(bucket.objects.size, 5);
      ok(![...bucket.objects.keys()].some((key) => key.endsWith(".caibx")));
      await holdsNothingWrong(bucket);
      // The last of them stands for all.
      if (answer !== lasting.at(-1)![0]) continue;
      strictEqual((await make(bucket, file)).code, 0);
      await holdsFile(bucket, file, dir);
    }
  },
);

inTurn()("a service that fails now and then: every command completes", async () => {
  using dir = tempDir();
  const file = image(dir);
  await using bucket = await startFakeBucket(7);
  const passing = lasting.slice(4).map(([answer]) => answer);
  const cut = { body: "<ListBucketResult><IsTruncated>", length: 1000 };
  const { location } = bucket;
  let requests = 0;
  const failing = ({ query }: FaultyRequest) => {
    if (requests++ % 3 !== 0) return undefined;
    return query.includes("list-type") && requests % 2 === 0 ? cut : passing[requests % passing.length];
  };
  const succeeds = async (...[command, ...args]: string[]) => {
    bucket.fault = failing;
    const { code, stderr } = await runCli([command, ...retrying(9), ...args], { env });
    strictEqual(code, 0, stderr);
    bucket.fault = () => undefined;
  };
  const [store, index] = [`${location}/store`, `${location}/x.caibx`];
  await succeeds("make", ...SIZES, "-s", store, index, file);
  await holdsFile(bucket, file, dir);
  await succeeds("extract", "-s", store, index, dir.path("out"));
  sameBytes(Deno.readFileSync(dir.path("out")), Deno.readFileSync(file));
  await succeeds("cache", "-s", store, "-c", `${location}/copy`, index);
  const count = (prefix: string) => [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)).length;
  strictEqual(count("copy/"), count("store/"));
  await succeeds("verify", "-s", `${location}/copy`);
  await succeeds("prune", "-y", "-s", `${location}/copy`, index);
  strictEqual(count("copy/"), count("store/"));
  await succeeds("prune", "-y", "-s", `${location}/copy`, "--keep-chunks", dir.write("none", ""));
  strictEqual(count("copy/"), 0);
});

Deno.test("credentials that expire in the middle are read again from their file", async () => {
  using dir = tempDir();
  const file = image(dir);
  await using bucket = await startFakeBucket();
  const keys = (name: string) =>
    dir.writePrivate("keys", `[default]\naws_access_key_id = ${name}\naws_secret_access_key = s3cret\n`);
  const AWS_SHARED_CREDENTIALS_FILE = keys("AKID1");
  bucket.fault = ({ headers }) => {
    if (bucket.objects.size < 5 || headers.get("authorization")!.includes("AKID2")) return undefined;
    if (!Deno.readTextFileSync(AWS_SHARED_CREDENTIALS_FILE).includes("AKID2")) keys("AKID2");
    return s3Failure(400, "ExpiredToken");
  };
  const { code, stderr } = await make(bucket, file, { AWS_SHARED_CREDENTIALS_FILE });
  deepStrictEqual([code, stderr], [0, ""]);
  bucket.fault = () => undefined;
  await holdsFile(bucket, file, dir);
});

Deno.test("a bucket that vanishes while it is read or listed: no output, no success, and nothing that is needed is removed", async () => {
  using dir = tempDir();
  const file = image(dir);
  await using bucket = await startFakeBucket(4);
  strictEqual((await make(bucket, file)).code, 0);
  const before = [...bucket.objects.keys()].sort();
  const { location } = bucket;
  const [store, index] = [`${location}/store`, `${location}/x.caibx`];
  const commands = [
    ["extract", "-s", store, index, dir.path("out")],
    ["cache", "-s", store, "-c", dir.path("cache"), index],
    ["verify", "-s", store],
    ["prune", "-y", "-s", store, index],
  ];
  for (const answer of [lasting[0][0], { body: "<ListBucketResult><IsTruncated>false" }]) {
    for (const [command, ...args] of commands) {
      let requests = 0;
      bucket.fault = ({ path }) => path.endsWith(".caibx") || requests++ < 3 ? undefined : answer;
      const result = await runCli([command, ...QUICK, ...args], { env });
      ok(result.code !== 0, `${command}: ${result.stderr}`);
      strictEqual(result.stderr.trim().split("\n").at(-1)!.startsWith("desync: "), true, result.stderr);
      deepStrictEqual([...bucket.objects.keys()].sort(), before);
    }
  }
  deepStrictEqual([...Deno.readDirSync(dir.root)].map(({ name }) => name).filter((n) => n === "out"), []);
  await holdsNothingWrong(bucket);
  const mistyped = await runCli(["verify", "-s", `${location}/stor`], { env });
  strictEqual(mistyped.stderr, `desync: ${location}/stor: no chunks there: is its address right?\n`);
});

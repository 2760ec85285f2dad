import { mayHavePartialFiles } from "../../../src/deno/output/partial_file.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { extracts, sourcesOf } from "../../support/extracts.ts";
import { filesIn } from "../../support/files.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { startNginx } from "../../support/servers/nginx.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { Random, random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { smallBlob, testdata } from "../../support/testdata.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const windows = Deno.build.os === "windows";

Deno.test("stores are searched in order, each for what those before it lack", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  makeBlob(dir, [pieces[1]], { name: "first" });
  makeBlob(dir, [pieces[1], pieces[2]], { name: "second" });
  const [first, second] = [dir.path("first"), dir.path("second")];
  const args = ["-s", first, "-s", second, "-s", made.store];
  deepStrictEqual(await sourcesOf(dir, made, ...args), { [made.store]: 1, [first]: 1, [second]: 1 });
});

Deno.test("servers and directories are searched in order, too", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  makeBlob(dir, [pieces[2]], { name: "last" });
  const rest = makeBlob(dir, [pieces[0]], { name: "rest" });
  const path = made.chunk(1).slice(made.store.length);
  await using server = await startFaultyServer({ [path]: { body: Deno.readFileSync(made.chunk(1)) } });
  const [url, last] = [`${server.url}/`, dir.path("last")];
  const args = ["-s", rest.store, "-s", server.url, "-s", last];
  deepStrictEqual(await sourcesOf(dir, made, ...args), { [rest.store]: 1, [url]: 1, [last]: 1 });
  ok(!server.requests.some((request) => request.path.includes(made.ids[0])), "the folder before it had that");
});

Deno.test("one chunk at many places is fetched once", async () => {
  using dir = tempDir();
  const noise = new Random(1);
  const [a, b] = [noise.bytes(5000), noise.bytes(6000)];
  const made = makeBlob(dir, Array.from({ length: 300 }, (_, i) => i % 3 === 0 ? b : a));
  await using server = await startFaultyServer({}, (request) => ({
    body: Deno.readFileSync(made.store + request.path),
    delay: 20,
  }));
  await extracts(dir, made, "-s", server.url);
  strictEqual(server.requests.length, 2);
});

Deno.test("-n is the most requests at a time", async () => {
  using dir = tempDir();
  const noise = new Random(2);
  const made = makeBlob(dir, Array.from({ length: 40 }, () => noise.bytes(1000)));
  await using server = await startFaultyServer({}, (request) => ({
    body: Deno.readFileSync(made.store + request.path),
    delay: 5,
  }));
  await extracts(dir, made, "-n", "1", "-s", server.url);
  strictEqual(server.maxInFlight, 1);
  await extracts(dir, made, "-n", "3", "-s", server.url);
  strictEqual(server.maxInFlight, 3);
  await extracts(dir, made, "-n", "1", "-s", made.store);
});

for (const form of ["zstd", "gzip", "plain"] as const) {
  Deno.test(`${form} chunks are found without configuration, in a directory and on a server`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces(), { form });
    await extracts(dir, made, "-s", made.store);
    await using server = await startFaultyServer({}, (request) => {
      try {
        return { body: Deno.readFileSync(made.store + request.path) };
      } catch {
        return { status: 404 };
      }
    });
    await extracts(dir, made, "-s", server.url, "-c", dir.path("cache"));
    await extracts(dir, made, "-c", dir.path("cache"));
  });
}

Deno.test("both forms may live in one store", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  makeBlob(dir, pieces.slice(0, 1), { form: "plain" });
  makeBlob(dir, pieces.slice(1, 2), { form: "gzip" });
  const made = makeBlob(dir, pieces.slice(2));
  const all = { ...makeBlob(dir, pieces, { name: "all" }), store: made.store };
  Deno.removeSync(dir.path("all"), { recursive: true });
  await extracts(dir, all, "-s", made.store);
});

Deno.test("ids may be SHA-256", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces(), { digest: "sha256" });
  await extracts(dir, made, "-s", made.store);
  await extracts(dir, made, "-s", made.store, "--digest", "sha256");
  const target = dir.path("target");
  const first = await runCli(["--digest=sha512-256", "extract", "-s", made.store, made.index, target]);
  assertFails(first, 2, "sha256", "sha512-256");
});

Deno.test("the index may come from standard input, and from a server", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const stdin = Deno.readFileSync(made.index);
  const target = dir.path("target");
  const piped = await runCli(["extract", "-s", made.store, "-", target], { stdin });
  strictEqual(piped.code, 0, piped.stderr);
  sameBytes(Deno.readFileSync(target), made.bytes);
  const bad = await runCli(["extract", "-s", made.store, "-", target], { stdin: stdin.subarray(0, 99) });
  assertFails(bad, 1, "the index on standard input");
  await using server = await startFaultyServer({ "/a.caibx": [{ status: 500 }, { body: stdin }] });
  await extracts(dir, { ...made, index: `${server.url}/a.caibx?sig=1` }, "-s", made.store, "-b", "1ms");
});

Deno.test("an empty blob needs no store, and replaces what was there", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, []);
  dir.write("target", "old");
  await extracts(dir, made);
  dir.write("target", "old");
  await extracts(dir, made, "-k");
});

Deno.test({
  name: "a replaced file keeps its permissions, a new one gets the usual ones",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const target = dir.path("target");
    const mode = () => (Deno.statSync(target).mode ?? 0) & 0o777;
    await extracts(dir, made, "-s", made.store);
    strictEqual(mode(), 0o666 & ~Deno.umask());
    for (const kept of [0o600, 0o444, 0o755, 0o666]) {
      Deno.chmodSync(target, 0o600);
      dir.write("target", "old");
      Deno.chmodSync(target, kept);
      await extracts(dir, made, "-s", made.store);
      strictEqual(mode(), kept);
    }
  },
});

Deno.test("the target's name may be as long as names can be", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  for (const name of ["x".repeat(255), "語".repeat(85), "😀".repeat(63)]) {
    const target = dir.path(name);
    const result = await runCli(["extract", "-s", made.store, made.index, target]);
    strictEqual(result.code, 0, result.stderr);
    sameBytes(Deno.readFileSync(target), made.bytes);
  }
});

Deno.test({
  name: "zeros become holes",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(3);
    const big = new Uint8Array(60_000);
    big.set(noise.bytes(1000), 59_000);
    const zeros = new Uint8Array(65_536);
    // Runs within chunks, across them, whole chunks of zeros of the largest size, and some at the very end.
    const pieces = [
      noise.bytes(10_000),
      zeros,
      zeros,
      zeros,
      zeros,
      big,
      zeros,
      zeros,
      zeros,
      new Uint8Array(50_000),
    ];
    const made = makeBlob(dir, pieces);
    await extracts(dir, made, "-s", made.store);
    const { blocks, size } = Deno.statSync(dir.path("target"));
    strictEqual(size, made.bytes.length);
    ok((blocks ?? 0) * 512 <= 96 * 1024, `${blocks} blocks of 512 bytes for ${size} bytes`);
    Deno.removeSync(made.chunk(1));
    await extracts(dir, made, "-s", made.store); // nobody has to store what is nothing
  },
});

Deno.test({
  name: "three blocks of zeros are a hole, as casync's, but where a chunk ends within them",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const noise = random();
    const block = 4096;
    const isZero = Array.from({ length: 1000 }, () => noise.below(10) < 6);
    const bytes = new Uint8Array(isZero.length * block);
    isZero.forEach((zero, i) => zero || bytes.set(noise.bytes(block), i * block));
    const pieces: Uint8Array[] = [];
    let holes = 0;
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(at + 10_000 + noise.below(50_000), bytes.length);
      pieces.push(bytes.slice(at, end));
      const runs = isZero.slice(Math.ceil(at / block), Math.floor(end / block)).map(Number).join("")
        .split("0");
      for (const { length } of runs) if (length >= 3) holes += length;
      at = end;
    }
    const made = makeBlob(dir, pieces);
    await extracts(dir, made, "-s", made.store);
    const blocks = (Deno.statSync(dir.path("target")).blocks ?? 0) * 512 / block;
    // A few more for the file system's own list of them.
    ok(
      holes > 100 && blocks <= isZero.length - holes + 8,
      `${blocks} of ${isZero.length}, ${holes} of them in holes`,
    );
  },
});

Deno.test({
  name: "Ctrl-C stops cleanly, kill does no harm",
  ignore: windows,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(6);
    const made = makeBlob(dir, Array.from({ length: 30 }, () => noise.bytes(2000)));
    const slow = made.chunk(20).slice(made.store.length);
    await using server = await startFaultyServer(
      { [slow]: { cut: { after: "request", by: "silence" } } },
      (request) => ({ body: Deno.readFileSync(made.store + request.path) }),
    );
    const target = dir.write("out/target", "old");
    const args = ["extract", "-s", server.url, "-c", dir.path("cache"), made.index, target];
    const begun = async () => {
      const before = server.count(slow);
      for (let turn = 0; turn < 1000 && server.count(slow) === before; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      strictEqual([...Deno.readDirSync(dir.path("out"))].length, 2, "it has begun");
    };
    const interrupt = new AbortController();
    const running = runCli(args, { signal: interrupt.signal });
    await begun();
    interrupt.abort();
    const { code, stderr } = await running;
    strictEqual(code, 130, stderr);
    ok(!stderr.includes(" at "), stderr);
    match(
      filesIn(dir.path("out")).join(" "),
      mayHavePartialFiles ? /^\.tmp-desync-target-[0-9a-f]{32} target$/ : /^target$/,
    );
    strictEqual(Deno.readTextFileSync(target), "old");
    for (const { name } of Deno.readDirSync(dir.path("cache"))) {
      for (const chunk of Deno.readDirSync(`${dir.path("cache")}/${name}`)) ok(!chunk.name.startsWith("."));
    }
    strictEqual((await runCli(["verify", "-s", dir.path("cache")])).code, 0);

    const [program, ...before] = cliCommand;
    const child = new Deno.Command(program, { args: [...before, ...args], stderr: "null" }).spawn();
    await begun();
    child.kill("SIGKILL");
    await child.status;
    strictEqual(Deno.readTextFileSync(target), "old");
    strictEqual((await runCli(["verify", "-s", dir.path("cache")])).code, 0);
    await extracts(dir, made, "-s", made.store, "-c", dir.path("cache"));
  },
});

Deno.test("progress is printed only on request, as lines that parse", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const args = ["extract", "-s", made.store, made.index, dir.path("target")];
  strictEqual((await runCli(args)).stderr, "");
  const checkLines = (stderr: string) => {
    const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
    const last = lines.at(-1);
    strictEqual(last.done, made.bytes.length);
    strictEqual(last.total, made.bytes.length);
    deepStrictEqual(last.sources.map((source: { name: string }) => source.name), [made.store]);
  };
  Deno.removeSync(dir.path("target"));
  checkLines((await runCli([...args, "--progress=json"])).stderr);
  Deno.removeSync(dir.path("target"));
  const bar = (await runCli([...args, "--progress", "bar"])).stderr;
  ok(bar.includes("100%") && bar.includes("80.0 KB of 80.0 KB"), bar);
  strictEqual((await runCli([...args, "--progress=none"])).stderr, "");
});

inTurn()({
  name: "lines for programs, and the statistics, are those of desync",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const env = { DESYNC_ENABLE_PARSABLE_PROGRESS: "1" };
    const file = dir.write("file", made.bytes);
    const without = (stderr: string) => stderr.replaceAll(/\d+\.\d\d%( \d+s)?/g, "N%").split("\n");
    for (
      const args of [
        ["extract", "-s", made.store, made.index, dir.path("target")],
        ["make", dir.path("x.caibx"), file],
        ["verify-index", made.index, file],
        ["cache", "-s", made.store, "-c", dir.dir("cache"), made.index],
      ]
    ) {
      const ours = await runCli(args, { env });
      const theirs = await run(peers.desync, args, { env });
      // desync checks seeds before, which are not there.
      const expected = without(theirs.stderr).filter((line) => !line.includes("Validating"));
      deepStrictEqual([...new Set(without(ours.stderr))].sort(), [...new Set(expected)].sort(), args[0]);
      match(ours.stderr, / {2}0\.00%\n/);
      match(ours.stderr, / 100\.00% \d+s\n\n$/);
    }
    for (const inPlace of [[], ["-k"]]) {
      const args = ["extract", ...inPlace, "--print-stats", "-s", made.store, made.index, dir.path("target")];
      if (inPlace.length === 0) Deno.removeSync(dir.path("target"));
      const ours = JSON.parse((await runCli(args)).stdout);
      const theirs = JSON.parse((await run(peers.desync, args)).stdout);
      for (const name of Object.keys(theirs)) ok(name in ours, name);
      for (const name of ["blocksize", "bytes-total", "chunks-total"]) {
        strictEqual(ours[name], theirs[name], name);
      }
      // desync counts those that occur several times as often.
      const found = ["chunks-from-store", "chunks-in-place"].map((name) => ours[name]);
      deepStrictEqual(found, inPlace.length === 0 ? [3, 0] : [0, 3]);
    }
  },
});

Deno.test({
  name: "a user and password in a URL are sent to that server alone, and never shown",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using other = await startFaultyServer({}, (request) => ({
      body: Deno.readFileSync(made.store + request.path),
    }));
    await using server = await startFaultyServer({ "/junk": { body: "no index" } }, (request) => {
      if (request.headers.get("authorization") !== `Basic ${btoa("me:p@ss/w%rd")}`) return { status: 401 };
      return { status: 302, headers: { location: other.url + request.path } };
    });
    const secret = server.url.replace("//", "//me:p%40ss%2Fw%25rd@");
    const stdout = await extracts(dir, made, "-s", secret, "--print-stats");
    ok(!stdout.includes("me:"), stdout);
    ok(other.requests.length > 0);
    ok(other.requests.every((request) => !request.headers.has("authorization")), "not for another server");
    for (const password of ["s3cret", "s3cr@t", "s3:cr", "100%s3cr", "s3c?r"]) {
      for (const place of ["store", "index", "scheme"] as const) {
        const url = server.url.replace("//", `//me:${password}@`);
        const store = place === "store"
          ? url
          : place === "scheme"
          ? url.replace("http", "gopher")
          : made.store;
        const from = place === "index" ? `${url}/junk` : made.index;
        const args = ["extract", "-e", "0", "-s", store, from, dir.path("x")];
        const result = await runCli([...args, "--verbose"]);
        ok(result.code !== 0);
        ok(!/s3:?c/.test(result.stderr) && !result.stderr.includes("cr@"), `${args}\n${result.stderr}`);
        ok(result.stderr.includes("127.0.0.1") || password.includes("?"), `${args}\n${result.stderr}`);
      }
    }
  },
});

inTurn()({
  name: "a TLS server is trusted with --ca-cert, and may ask for a client's certificate",
  ignore: !peers.nginx || !peers.openssl,
  fn: async () => {
    using dir = tempDir();
    const made: Made = {
      ...makeBlob(dir, []),
      bytes: smallBlob(),
      index: testdata("casync-small.caibx"),
      store: testdata("casync-zstd.castr"),
    };
    await using server = await startNginx(made.store, { https: true, clientCertificate: true });
    const { ca, clientCert, clientKey } = server.certificates!;
    const client = ["--client-cert", clientCert, "--client-key", clientKey];
    await extracts(dir, made, "-s", server.url, "--ca-cert", ca, ...client);
    const args = ["extract", "-e", "0", "-s", server.url, made.index, dir.path("x")];
    assertFails(await runCli(args), 1, server.url, /certificate/i);
    assertFails(await runCli([...args, "--ca-cert", ca]), 1, server.url, "HTTP status 400");
    assertFails(await runCli([...args, "--ca-cert", dir.path("none")]), 1, dir.path("none"), "no such file");
    assertFails(await runCli([...args, "--client-cert", clientCert]), 2, "--client-key");
    assertFails(await runCli([...args, "--ca-cert", dir.write("junk", "junk")]), 1, dir.path("junk"));
  },
});

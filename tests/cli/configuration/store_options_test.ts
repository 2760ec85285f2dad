/** What desync's configuration sets for stores has its effect, and only there; options of the command line come first. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { runAny, type RunResult } from "../../support/process.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { startDesyncServer } from "../../support/servers/desync_server.ts";
import type { FaultyRequest } from "../../support/servers/faulty_request.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** Arguments that name a file with these options for stores. */
function configured(dir: TempDir, options: Record<string, object>): string[] {
  return ["--config", dir.writePrivate("config.json", JSON.stringify({ "store-options": options }))];
}

/** Answers with the chunks of a store. */
function chunksOf(made: Made): (request: FaultyRequest) => Answer {
  return ({ path }) => {
    try {
      return { body: Deno.readFileSync(join(made.store, path.replace(/^\/[^/]*/, ""))) };
    } catch {
      return { status: 404 };
    }
  };
}

const AUTH = "Bearer 5ec4e7";
const COOKIE = "session=c00k1e";

Deno.test("http-auth and http-cookie are sent to the stores that they are for, and to no other host", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const answer = chunksOf(made);
  await using elsewhere = await startFaultyServer({}, answer);
  await using server = await startFaultyServer({}, (request) => {
    if (request.path.startsWith("/moved/")) {
      return { status: 302, headers: { location: elsewhere.url + request.path } };
    }
    const isRight = request.headers.get("authorization") === AUTH && request.headers.get("cookie") === COOKIE;
    return request.path.startsWith("/open/") || isRight ? answer(request) : { status: 401 };
  });
  const config = configured(dir, {
    [`${server.url}/closed`]: { "http-auth": AUTH, "http-cookie": COOKIE },
    // Before the user in the URL, as in desync.
    [`${server.url.replace("//", "//*@")}/mov*`]: { "http-auth": AUTH, "http-cookie": COOKIE },
  });
  let outputs = 0;
  const extract = async (...stores: string[]) => {
    const args = stores.flatMap((store) => ["-s", store]);
    return await runCli([...config, "extract", "-e", "1", ...args, made.index, dir.path(`x${outputs++}`)]);
  };
  strictEqual((await extract(`${server.url}/closed/`)).code, 0);
  assertFails(await extract(`${server.url}/other/`), 1, "401");
  strictEqual((await extract(`${server.url}/open`)).code, 0);
  strictEqual((await extract(`${server.url.replace("//", "//u:p@")}/moved`)).code, 0);
  const seen = (requests: FaultyRequest[], start: string) => {
    const headers = requests.filter(({ path }) => path.startsWith(start)).map(({ headers }) =>
      `${headers.get("authorization")}, ${headers.get("cookie")}`
    );
    return [...new Set(headers)];
  };
  deepStrictEqual(seen(server.requests, "/closed/"), [`${AUTH}, ${COOKIE}`]);
  deepStrictEqual(seen(server.requests, "/moved/"), [`${AUTH}, ${COOKIE}`]);
  deepStrictEqual(seen(server.requests, "/open/"), ["null, null"]);
  deepStrictEqual(seen(elsewhere.requests, "/"), ["null, null"]);
});

Deno.test("secrets of the configuration are not printed, also when a server repeats them", async () => {
  using dir = tempDir();
  await using server = await startFaultyServer({}, () => ({ status: 400, reason: `${AUTH} ${COOKIE}` }));
  const config = configured(dir, { [`${server.url}/x`]: { "http-auth": AUTH, "http-cookie": COOKIE } });
  const result = await runCli([...config, "--verbose", "list-chunks", `${server.url}/x/a.caibx`]);
  strictEqual(result.code, 1);
  ok(result.stderr.includes("HTTP status 400") && !/5ec4e7|c00k1e/.test(result.stderr), result.stderr);
});

Deno.test("error-retry, timeout and n hold for their store, unless the command line says otherwise", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using server = await startFaultyServer(
    {},
    ({ path }) =>
      path.startsWith("/silent/") ? { cut: { after: "request", by: "silence" } } : { status: 500 },
  );
  const config = configured(dir, {
    [`${server.url}/flaky`]: { "error-retry": 5, "error-retry-base-interval": 1_000_000 },
    [`${server.url}/silent`]: { "error-retry": 1, timeout: 300_000_000 },
  });
  const list = async (...args: string[]) => {
    const before = server.requests.length;
    const result = await runCli([...config, "list-chunks", ...args]);
    return { result, requests: server.requests.length - before };
  };
  const flaky = await list(`${server.url}/flaky/x.caibx?sig=1`);
  assertFails(flaky.result, 1, "tried 5 times");
  strictEqual(flaky.requests, 5);
  strictEqual((await list("-e", "2", `${server.url}/flaky/x.caibx`)).requests, 2);
  strictEqual((await list("-b", "1ms", `${server.url}/other/x.caibx`)).requests, 3);
  assertFails((await list(`${server.url}/silent/x.caibx`)).result, 1, "no answer for 0.3 seconds");
  assertFails((await list("--timeout", "100ms", `${server.url}/silent/x.caibx`)).result, 1, "0.1 seconds");

  const busy = chunksOf(made);
  await using slow = await startFaultyServer({}, (request) => ({ ...busy(request), delay: 50 }));
  const few = configured(dir, { [`${slow.url}/s`]: { n: 1 } });
  strictEqual((await runCli([...few, "extract", "-s", `${slow.url}/s`, made.index, dir.path("x")])).code, 0);
  strictEqual(slow.maxInFlight, 1);
});

inTurn()({
  name: "certificates of the configuration, for one of two stores; each server's own",
  ignore: Deno.build.os === "windows" || !peers.openssl,
  fn: async () => {
    const { makeCertificates } = await import("../../support/servers/certificates.ts");
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const { ca, serverCert, serverKey, clientCert, clientKey } = await makeCertificates(dir);
    const tls = ["--cert", serverCert, "--key", serverKey, "--mutual-tls", "--client-ca", ca];
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", made.store, ...tls]);
    await using plain = await startFaultyServer({});
    let outputs = 0;
    const extract = async (...args: string[]) =>
      await runCli([
        ...args,
        "extract",
        "-e",
        "1",
        "-s",
        `${plain.url}/x`,
        "-s",
        server.url,
        made.index,
        dir.path(`x${outputs++}`),
      ]);
    const options = { "ca-cert": ca, "client-cert": clientCert, "client-key": clientKey };
    const right = await extract(...configured(dir, { [server.url]: options }));
    strictEqual(right.code, 0, right.stderr);
    strictEqual(
      (await extract(...configured(dir, { [server.url]: { ...options, "client-cert": "" } }))).code,
      2,
    );
    assertFails(await extract(...configured(dir, { [`${plain.url}/x`]: options })), 1, "trusted authority");
    // The server's alert may be lost when it closes the connection at once.
    assertFails(
      await extract(...configured(dir, { [server.url]: { "ca-cert": ca } })),
      1,
      /client's certificate|reset/,
    );
    // Of any authority, but for that of another store.
    const any = { ...options, "ca-cert": "", "trust-insecure": true };
    const insecure = await extract(...configured(dir, { [server.url]: any }));
    strictEqual(insecure.code, 0, insecure.stderr);
    if (peers.desync) {
      for (
        const [other, status] of [[options, 0], [any, 0], [{ "ca-cert": ca }, 1], [
          { "trust-insecure": true },
          1,
        ]] as const
      ) {
        const line = [
          ...configured(dir, { [server.url]: other }),
          "extract",
          "-e",
          "1",
          "-s",
          server.url,
          made.index,
        ];
        strictEqual((await runAny(peers.desync, [...line, dir.path(`x${outputs++}`)])).code, status);
        strictEqual((await runCli([...line, dir.path(`x${outputs++}`)])).code, status);
      }
    }
    assertFails(await extract("-t=false", ...configured(dir, { [server.url]: any })), 1, "-t accepts any");
    assertFails(await extract(...configured(dir, { [`${plain.url}/x`]: any })), 1, "-t accepts any");
    assertFails(await extract("-t"), 1, /client's certificate|reset/);
    strictEqual((await extract("-t", "--client-cert", clientCert, "--client-key", clientKey)).code, 0);
    // Each of the files is named where it was.
    const pair = { "client-cert": made.index, "client-key": made.index };
    const cases: [options: Record<string, string>, args: string[], says: string][] = [
      [pair, ["--ca-cert", ca], `of client-cert in FILE: `],
      [pair, ["--client-cert", clientCert], `of client-key in FILE: `],
      [pair, ["--client-cert", made.index], `of --client-cert: `],
      [{ "client-key": clientKey }, ["--ca-cert", ca], "Missing option client-cert in FILE: "],
      [{ "ca-cert": ca }, ["--client-key", clientKey], "Missing option --client-cert: "],
      [
        { "client-key": clientKey },
        ["--client-cert", serverCert],
        `of --client-cert and ${clientKey} of client-key in FILE: `,
      ],
    ];
    for (const [options, args, says] of cases) {
      const config = configured(dir, { [server.url]: options });
      const status = says.startsWith("Missing") ? 2 : 1;
      const line = [...config, "extract", "-s", server.url, made.index, dir.path("never"), ...args];
      assertFails(await runCli(line), status, says.replace("FILE", config[1]));
    }
  },
});

Deno.test("uncompressed stores get plain chunks: as targets, caches and behind a server, as with desync", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const [image, cache, target, theirs] = [
    dir.write("image", made.bytes),
    ...["cache", "target", "theirs"].map(dir.dir, dir),
  ];
  const plain = { uncompressed: true };
  const config = configured(dir, { [cache]: plain, [target]: plain, [theirs]: plain });
  const succeeds = ({ code, stderr }: RunResult) => strictEqual(code, 0, stderr);
  const isPlain = (store: string) => {
    const names = filesIn(store);
    ok(names.length > 0 && names.every((name) => !name.endsWith(".cacnk")), `${names}`);
    return names;
  };
  succeeds(await runCli([...config, "extract", "-s", made.store, "-c", cache, made.index, dir.path("x")]));
  isPlain(cache);
  succeeds(await runCli([...config, "cat", "-s", made.store, "-c", cache, made.index, dir.path("y")]));
  succeeds(await runCli([...config, "make", "-s", target, dir.path("made.caibx"), image]));
  const names = isPlain(target);
  succeeds(await runCli([...config, "chop", "-s", target, made.index, image]));
  succeeds(await runCli([...config, "cache", "-s", made.store, "-c", target, made.index]));
  isPlain(target);
  if (!peers.desync) return;
  succeeds(await runAny(peers.desync, [...config, "make", "-s", theirs, dir.path("theirs.caibx"), image]));
  deepStrictEqual(names, filesIn(theirs));
  succeeds(await runAny(peers.desync, [...config, "extract", "-s", cache, made.index, dir.path("z")]));
  sameBytes(Deno.readFileSync(dir.path("z")), made.bytes);
});

inTurn()({
  name: "the same configuration has the same results with desync",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const plain = makeBlob(dir, somePieces(), { name: "plain", form: "plain" });
    const answer = chunksOf(made);
    await using server = await startFaultyServer({}, (request) => {
      const right = request.headers.get("authorization") === AUTH && request.headers.get("cookie") === COOKIE;
      return right ? answer(request) : { status: 401 };
    });
    const url = `${server.url}/s`;
    const auth = { "http-auth": AUTH, "http-cookie": COOKIE };
    const cases: [options: Record<string, object>, ...args: string[]][] = [
      [{ [url]: auth }, "-s", url],
      [{ [`${url}/`]: auth }, "-s", url],
      [{ [`${server.url}/*`]: auth }, "-s", `${url}/`],
      [{ "http://127.0.0.1:*/?": auth }, "-s", url],
      [{ [url]: { "http-auth": AUTH } }, "-s", url],
      [{ [`${server.url}/t`]: auth }, "-s", url],
      [{ "*": auth }, "-s", url],
      [{ [url]: auth, [`${server.url}/*`]: auth }, "-s", url],
      [{ [url]: auth }, "-s", `http://127.0.0.1:1|${url}`],
      [{ [url]: { ...auth, "ca-cert": dir.path("none") } }, "-s", url],
      [{ [url]: { ...auth, "error-retry": 0, timeout: -1, n: 0, "skip-verify": true } }, "-s", url],
      [{ [plain.store]: { uncompressed: true } }, "-s", plain.store],
      [{ [plain.store]: { uncompressed: true, encryption: false } }, "-s", made.store],
      [{ [made.store]: { encryption: true } }, "-s", made.store],
      [{ [made.store]: { "encryption-key": "00" } }, "-s", made.store],
    ];
    const wrong: string[] = [];
    for (const [i, [options, ...args]] of cases.entries()) {
      const results = [0, 1].map((k) => dir.path(`out-${i}-${k}`));
      const line = (
        out: string,
      ) => [...configured(dir, options), "extract", "-e", "1", ...args, made.index, out];
      const theirs = await runAny(peers.desync!, line(results[0]));
      const ours = await runCli(line(results[1]));
      if ((theirs.code === 0) !== (ours.code === 0)) {
        wrong.push(`${JSON.stringify(options)}: ${theirs.stderr} / ${ours.stderr}`);
      } else if (ours.code === 0) sameBytes(Deno.readFileSync(results[1]), made.bytes);
    }
    deepStrictEqual(wrong, []);
  },
});

Deno.test({
  name: "a client's key that others can read is used, with one warning",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const { clientCert, clientKey } = await makeCertificates(dir);
    await using server = await startFaultyServer({}, chunksOf(made));
    const extract = (mode: number, more: readonly string[] = []) => {
      Deno.chmodSync(clientKey, mode);
      const own = ["--client-cert", clientCert, "--client-key", clientKey];
      return runCli(["extract", ...own, ...more, "-s", `${server.url}/a`, made.index, dir.path("out")]);
    };
    const another = ["-s", `${server.url}/b`, "-e", "5"];
    const warning =
      `desync: ${clientKey} has a private key, and others can read it (chmod 600 ${clientKey})\n`;
    for (const [mode, says] of [[0o600, ""], [0o640, warning], [0o644, warning]] as const) {
      const { code, stderr } = await extract(mode, another);
      deepStrictEqual([code, stderr], [0, says]);
    }
  },
});

Deno.test("what is wrong with a certificate is said of the configuration, or of the option that comes before it", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const none = dir.path("none.pem");
  const store = "https://127.0.0.1:1/store";
  const options = { "ca-cert": none, "client-cert": made.index, "client-key": made.index };
  const config = configured(dir, { [store]: options });
  const extract = ["extract", "-s", store, made.index, dir.path("out")];
  const [, file] = config;
  assertFails(
    await runCli([...config, ...extract]),
    1,
    `Cannot read the file ${none} of ca-cert in ${file}: no such`,
  );
  assertFails(
    await runCli([...config, ...extract, "--ca-cert", made.index]),
    1,
    `Cannot use the file ${made.index} of --ca-cert: `,
  );
  const own = configured(dir, { [store]: { ...options, "ca-cert": "" } });
  assertFails(await runCli([...own, ...extract]), 1, `the file ${made.index} of client-cert in ${own[1]}: `);
});

inTurn()({
  name: "servers take the configuration",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const answer = chunksOf(made);
    const index = Deno.readFileSync(made.index);
    await using origin = await startFaultyServer({}, (request) => {
      if (request.headers.get("authorization") !== AUTH) return { status: 401 };
      return request.path === "/i/x.caibx" ? { body: index } : answer(request);
    });
    const config = configured(dir, {
      [`${origin.url}/?`]: { "http-auth": AUTH },
      [dir.path("cache")]: { uncompressed: true },
    });
    const file = dir.write(
      "stores.json",
      JSON.stringify({ stores: [`${origin.url}/s`], cache: dir.path("cache") }),
    );
    await using chunks = await startDesyncServer(dir, [...config, "chunk-server", "--store-file", file]);
    await using indexes = await startDesyncServer(dir, [...config, "index-server", "-s", `${origin.url}/i`]);
    const result = await runCli(["extract", "-s", chunks.url, `${indexes.url}x.caibx`, dir.path("x")]);
    strictEqual(result.code, 0, result.stderr);
    sameBytes(Deno.readFileSync(dir.path("x")), made.bytes);
    match(filesIn(dir.path("cache")).join(" "), /^([0-9a-f]{4}\/[0-9a-f]{64} ?)+$/);
  },
});

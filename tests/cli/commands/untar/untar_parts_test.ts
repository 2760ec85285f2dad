import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { directory, file, symlink } from "../../../support/data/archive_bytes.ts";
import { runCli } from "../../../support/cli.ts";
import { exists } from "../../../support/exists.ts";
import { assertFails } from "../../../support/failure.ts";
import { startFaultyServer } from "../../../support/servers/faulty_server.ts";
import { contentOf, filesIn } from "../../../support/files.ts";
import { gnuTar, tar } from "../../../support/data/gnu_tar.ts";
import { startNginx } from "../../../support/servers/nginx.ts";
import { peers } from "../../../support/peers.ts";
import { random } from "../../../support/random.ts";
import { type TempDir, tempDir } from "../../../support/temp.ts";
import { testdata } from "../../../support/testdata.ts";

const owner = Deno.build.os !== "windows" && Deno.uid() === 0 ? [] : ["--no-same-owner"];
const untar = ["untar", ...owner];

/** 40 directories of 10 files with 5 KB of random bytes each. */
function bigArchive(): { bytes: Uint8Array; contentOf: (path: string) => Uint8Array } {
  const generator = random(3);
  const contents = new Map<string, Uint8Array>();
  const folder = (name: string) =>
    directory(Array.from({ length: 10 }, (_, i) => {
      const bytes = generator.bytes(5000);
      contents.set(`${name}/file-${i}`, bytes);
      return [`file-${i}`, file(bytes)];
    }));
  const bytes = directory(Array.from({ length: 40 }, (_, i) => [`folder-${i}`, folder(`folder-${i}`)]));
  return { bytes, contentOf: (path) => contents.get(path)! };
}

/** The archive in chunks, by our own `make`. */
async function chunked(
  dir: TempDir,
  bytes: Uint8Array,
): Promise<{ index: string; store: string; chunks: number }> {
  const [index, store] = [dir.path("big.caidx"), dir.path("store")];
  const made = await runCli(["make", "-m", "4:16:64", "-s", store, index, dir.write("big.catar", bytes)]);
  strictEqual(made.code, 0, made.stderr);
  return { index, store, chunks: filesIn(store).length };
}

Deno.test("a path of an index: only the chunks it needs are fetched, others may be missing", async () => {
  using dir = tempDir();
  const { bytes, contentOf: content } = bigArchive();
  const { index, store, chunks } = await chunked(dir, bytes);
  ok(chunks > 60);
  await using server = await startFaultyServer({}, ({ path }) => ({ body: Deno.readFileSync(store + path) }));
  const target = dir.path("target");
  const one = await runCli([...untar, "-i", "-s", server.url, index, target, "folder-7/file-3"]);
  deepStrictEqual([one.code, one.stderr], [0, ""]);
  deepStrictEqual(contentOf(target), { "file-3": content("folder-7/file-3") });
  const asked = server.requests.map(({ path }) => path);
  ok(asked.length < 12, `${asked.length} of ${chunks} chunks`);
  strictEqual(new Set(asked).size, asked.length, "no chunk twice");
  for (const name of filesIn(store)) if (!asked.includes(`/${name}`)) Deno.removeSync(`${store}/${name}`);
  const again = await runCli([...untar, "-i", "-s", store, index, dir.path("again"), "/folder-7/./file-3"]);
  deepStrictEqual([again.code, again.stderr], [0, ""]);
  deepStrictEqual(contentOf(dir.path("again")), contentOf(target));
  // A corrupt chunk on the way is never believed.
  for (const name of filesIn(store)) {
    Deno.writeFileSync(`${store}/${name}`, Deno.readFileSync(`${store}/${name}`).fill(0, 20, 30));
  }
  assertFails(
    await runCli([...untar, "-i", "-s", store, index, dir.path("bad"), "folder-7/file-3"]),
    1,
    "is invalid",
  );
  ok(!exists(dir.path("bad")));
});

Deno.test("several paths, some of directories, from a file, standard input and an index", async () => {
  using dir = tempDir();
  const { bytes } = bigArchive();
  const { index, store } = await chunked(dir, bytes);
  const paths = ["folder-39", "folder-0/file-9", "folder-12/"];
  const whole = dir.path("whole");
  strictEqual((await runCli([...untar, dir.path("big.catar"), whole])).code, 0);
  for (
    const [i, [args, stdin]]
      of ([[[dir.path("big.catar")]], [["-"], bytes], [["-i", "-s", store, index]]] as [
        string[],
        Uint8Array?,
      ][]).entries()
  ) {
    const target = dir.path(`t${i}`);
    const result = await runCli([...untar, ...args, target, ...paths], { stdin });
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual([...Deno.readDirSync(target)].map(({ name }) => name).sort(), [
      "file-9",
      "folder-12",
      "folder-39",
    ]);
    deepStrictEqual(contentOf(`${target}/folder-39`), contentOf(`${whole}/folder-39`));
    deepStrictEqual(contentOf(`${target}/folder-12`), contentOf(`${whole}/folder-12`));
    deepStrictEqual(Deno.statSync(`${target}/folder-12`).mtime, Deno.statSync(`${whole}/folder-12`).mtime);
    const missing = await runCli([...untar, ...args, dir.path(`none${i}`), "folder-1", "folder-1x"], {
      stdin,
    });
    assertFails(missing, 1, '"folder-1x" not found');
    // What can be found first is looked for before anything is written.
    strictEqual(exists(dir.path(`none${i}`, "folder-1")), args[0] === "-");
  }
});

Deno.test({
  name: "a path of an archive on a web server that gives parts",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const { bytes, contentOf: content } = bigArchive();
    dir.write("www/big.catar", bytes);
    await using server = await startNginx(dir.path("www"));
    const target = dir.path("target");
    const result = await runCli([...untar, `${server.url}big.catar`, target, "folder-20/file-1"]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual(contentOf(target), { "file-1": content("folder-20/file-1") });
    const requests = await server.requests();
    ok(requests.length <= 6 && requests.every((line) => line === "GET /big.catar 206"), requests.join("\n"));
    assertFails(await runCli([...untar, `${server.url}none.catar`, target, "a"]), 1, "404");
    dir.write("www/tiny.catar", directory([["a", file("x")]]));
    strictEqual((await runCli([...untar, `${server.url}tiny.catar`, target, "a"])).code, 0);
    dir.write("www/empty.catar", "");
    assertFails(await runCli([...untar, `${server.url}empty.catar`, target, "a"]), 1, "empty.catar");
  },
});

Deno.test("a web server that gives no parts, and one where the archive changes meanwhile", async () => {
  using dir = tempDir();
  const { bytes, contentOf: content } = bigArchive();
  const part = (range: string | null, etag: string, body = bytes) => {
    const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? ["", "", ""];
    const start = first === "" ? body.length - Number(last) : Number(first);
    const end = first === "" ? body.length : Number(last) + 1;
    return {
      status: 206,
      headers: { etag, "content-range": `bytes ${start}-${end - 1}/${body.length}` },
      body: body.subarray(start, end),
    };
  };
  let requests = 0;
  await using server = await startFaultyServer({
    "/whole": { body: bytes },
    "/busy": [{ status: 503 }, { body: bytes }],
  }, ({ path, headers }) => {
    const range = headers.get("range");
    requests++;
    if (path === "/flaky" && requests % 2 === 1) return { status: 503 };
    if (path === "/flaky") return part(range, '"1"');
    if (path === "/changes") return part(range, `"${requests}"`);
    if (path === "/short") return { ...part(range, '"1"'), body: bytes.subarray(0, 10) };
    if (path === "/azure") {
      return range === null
        ? { body: bytes }
        : range.startsWith("bytes=-")
        ? { status: 400 }
        : part(range, '"1"');
    }
    if (path === "/400") return range === null ? { body: bytes } : { status: 400 };
    if (path === "/416") return range === null ? { body: bytes } : { status: 416 };
    if (path === "/never") return { status: 400 };
    if (path === "/lies") return { ...part(range, '"1"'), headers: { "content-range": "bytes 5-9/100000" } };
    return { status: 404 };
  });
  const result = await runCli([...untar, `${server.url}/whole`, dir.path("t1"), "folder-20/file-1"]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  deepStrictEqual(contentOf(dir.path("t1")), { "file-1": content("folder-20/file-1") });
  for (const [i, path] of ["/azure", "/400", "/416"].entries()) {
    const { code, stderr } = await runCli([
      ...untar,
      server.url + path,
      dir.path(`p${i}`),
      "folder-20/file-1",
    ]);
    deepStrictEqual([code, stderr], [0, ""]);
    deepStrictEqual(contentOf(dir.path(`p${i}`)), { "file-1": content("folder-20/file-1") });
  }
  // Where parts are given but for the last bytes, parts are read.
  ok(server.requests.every(({ path, headers }) => path !== "/azure" || headers.get("range") !== null));
  assertFails(await runCli([...untar, `${server.url}/never`, dir.path("p"), "a"]), 1, "/never", "400");
  assertFails(
    await runCli([...untar, `${server.url}/changes`, dir.path("t2"), "folder-20/file-1"]),
    1,
    "changed while it was read",
  );
  assertFails(
    await runCli([...untar, `${server.url}/short`, dir.path("t3"), "folder-20/file-1"]),
    1,
    "/short",
    "a different byte range",
  );
  assertFails(
    await runCli([...untar, `${server.url}/lies`, dir.path("t4"), "folder-20/file-1"]),
    1,
    "/lies",
    "no bytes",
  );
  ok(!exists(dir.path("t2", "file-1")));
  const again = ["-e", "2", "-b", "1ms"];
  const flaky = await runCli([...untar, ...again, `${server.url}/flaky`, dir.path("t5"), "folder-20/file-1"]);
  deepStrictEqual([flaky.code, flaky.stderr], [0, ""]);
  deepStrictEqual(contentOf(dir.path("t5")), { "file-1": content("folder-20/file-1") });
  // Read as a whole, from its beginning.
  const listed = await runCli(["list", ...again, `${server.url}/busy`]);
  deepStrictEqual([listed.code, listed.stderr], [0, ""]);
  ok(listed.stdout.includes("folder-39/file-9"));
});

Deno.test("parts replace what is in the target, never follow symlinks, and leave the target itself as it is", async () => {
  using dir = tempDir();
  const archive = dir.write(
    "a.catar",
    directory([["d", directory([["x", file("new")]], { mode: 0o711 })], ["f", file("new")], [
      "l",
      symlink("/etc"),
    ]], { mode: 0o700 }),
  );
  const outside = dir.dir("outside");
  const target = dir.dir("target");
  Deno.chmodSync(target, 0o755);
  Deno.symlinkSync(outside, `${target}/d`);
  dir.write("target/f/x", "a folder before");
  dir.write("target/kept", "kept");
  const result = await runCli([...untar, "--recursive-unlink", archive, target, "d", "f", "l"]);
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  deepStrictEqual(filesIn(outside), []);
  deepStrictEqual([
    Deno.readTextFileSync(`${target}/d/x`),
    Deno.readTextFileSync(`${target}/f`),
    Deno.readLinkSync(`${target}/l`),
  ], ["new", "new", "/etc"]);
  strictEqual((Deno.statSync(target).mode ?? 0) & 0o777, 0o755);
  strictEqual((Deno.statSync(`${target}/d`).mode ?? 0) & 0o777, 0o711);
  ok(exists(`${target}/kept`));
});

Deno.test({
  name: "parts as a tar",
  ignore: !gnuTar,
  fn: async () => {
    const result = await runCli([
      "untar",
      "--output-format=gnu-tar",
      testdata("tree.catar"),
      "-",
      "deep/er",
      "bin/run",
    ]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    const { stdout } = await tar(["-tf", "-"], { stdin: result.stdoutBytes });
    deepStrictEqual(stdout.split("\n").map((line) => line.split("/").slice(0, 2).join("/")), [
      "er/",
      "er/still",
      "er/still",
      "run",
      "",
    ]);
  },
});

Deno.test("invalid paths are refused", async () => {
  using dir = tempDir();
  const target = dir.path("target");
  for (
    const [paths, says] of [[["a", "a/b"], "a/b is in a"], [["a/x", "b/x"], "the same name"], [
      ["../a"],
      "..",
    ], [["."], "omit it"]] as const
  ) {
    assertFails(await runCli([...untar, testdata("tree.catar"), target, ...paths]), 2, says);
  }
  assertFails(
    await runCli([...untar, testdata("tree.catar"), target, "hello.txt/x"]),
    1,
    "tree.catar",
    '"hello.txt" is a file, not a directory',
  );
  assertFails(await runCli([...untar, testdata("tree.caidx"), target, "x"]), 1, "it is an index", "-i");
  ok(!exists(target));
});

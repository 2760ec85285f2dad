/** desync's configuration file: what is wrong in it, or not supported, is never ignored. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { denoDir } from "../../support/deno_dir.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { runAny, type RunResult } from "../../support/process.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { share, takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const encrypted = { encryption: true, "encryption-key": "5ec4e7" };

/** Runs the command with what lies in the user's home. */
async function atHome(dir: TempDir, args: string[], text: string | object): Promise<RunResult> {
  const home = dir.dir("home");
  const config = typeof text === "string" ? text : JSON.stringify(text);
  dir.writePrivate("home/.config/desync/config.json", config);
  const where: Record<string, string> = Deno.build.os === "windows"
    ? { HOMEDRIVE: "", HOMEPATH: home }
    : { HOME: home };
  return await runCli(args, { env: { ...where, DENO_DIR: denoDir }, cwd: dir.root });
}

Deno.test("options for a store that is used are an error that names the file and the key", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const blob = dir.write("image", made.bytes);
  const config = { "store-options": { [made.store]: encrypted } };
  for (
    const args of [
      ["make", "-s", made.store, "x.caibx", blob],
      ["extract", "-s", dir.dir("other"), "-c", "blob/", made.index, "x"],
      ["extract", "-s", dir.dir("other"), "-s", made.store, made.index, "x"],
      ["chop", "-s", join(made.store, "..", "blob"), made.index, blob],
      ["cache", "-s", dir.dir("other"), "-c", made.store, made.index],
      ["verify", "-s", made.store],
      ["prune", "-y", "-s", made.store, made.index],
      ["pull", "-", "-", "-", made.store],
      ["tar", "-i", "-s", made.store, "x.caidx", "other"],
    ]
  ) {
    const before = filesIn(made.store);
    const result = await atHome(dir, args, config);
    assertFails(result, 2, join("desync", "config.json"), "Cannot use ", "encryption-key in");
    strictEqual(result.stderr.includes(encrypted["encryption-key"]), false);
    deepStrictEqual(filesIn(made.store), before);
  }
  // What the command does not use may have options.
  const others = { "store-options": { [`${made.store}2`]: encrypted, [`${dir.root}/*/*`]: encrypted } };
  strictEqual((await atHome(dir, ["extract", "-s", made.store, made.index, "x"], others)).code, 0);
  strictEqual((await atHome(dir, ["tar", "-s", made.store, "x.catar", "other"], config)).code, 0);
  // What desync writes itself asks for nothing.
  const nothing = { "s3-credentials": null, "store-options": { [made.store]: { uncompressed: false } } };
  strictEqual((await atHome(dir, ["extract", "-s", made.store, made.index, "x"], nothing)).code, 0);
});

Deno.test("options for the place of an index, without the passwords in its URL", async () => {
  using dir = tempDir();
  const config = { "store-options": { "http://u:pass@127.0.0.1:9/*/": encrypted } };
  const result = await atHome(dir, ["list-chunks", "http://u:pass@127.0.0.1:9/a/x.caibx"], config);
  assertFails(result, 2, "encryption-key in", "http://127.0.0.1:9/a");
  match(result.stderr, /^(?!.*(5ec4e7|pass)).*$/m);
});

Deno.test("--config names another file; a missing or invalid one is an error", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const list = ["list-chunks", made.index];
  for (
    const text of [
      "",
      "{",
      '{"s": 5ec4e7}',
      "[]",
      '{"store-options": 1}',
      '{"store-options": {"a": []}}',
      '{"s3-credentials": ""}',
      "\xff",
      '{"store-option": {}}|unknown key "store-option" (did you mean store-options?)',
      '{"store-options": {"a": {"http_auth": "5ec4e7"}}}|' +
      'unknown key "http_auth" of "a" in store-options (did you mean http-auth?)',
      '{"store-options": {"a": {"frobnicate": 1}}}|unknown key "frobnicate" of "a" in store-options (known are n, ',
      '{"store-options": {"a": {"n": "5ec4e7"}}}|n of "a" in store-options is not a whole number of at least 0',
      '{"store-options": {"a": {"n": -2}}}|not a whole number',
      '{"store-options": {"a": {"timeout": 1.5}}}|timeout of "a" in store-options is not a whole number',
      '{"store-options": {"a": {"uncompressed": "true"}}}|is neither true nor false',
      '{"store-options": {"a": {"ca-cert": 1}}}|ca-cert of "a" in store-options is not a string',
      '{"store-options": {"a": {"http-cookie": "5ec4e7\\n"}}}|is not a string that a header can hold',
      '{"store-options": {"a[b": {}}}|"a[b" in store-options has a [ without its ]',
      '{"store-options": {"https://h/a\\\\": {}}}|in store-options has a [ without its ], or a',
      '{"s3-credentials": {"s3+https://h": {}}}|"s3+https://h" in s3-credentials is not a server',
      '{"s3-credentials": {"https://h/bucket": {}}}|write it as https://host or https://host:port',
      '{"s3-credentials": {"https://h": {"secret": "5ec4e7"}}}|did you mean secret-key?',
    ]
  ) {
    const [config, says = ""] = text.split("|");
    const result = await atHome(dir, list, config);
    assertFails(result, 2, "Cannot use the configuration file", "config.json", says);
    strictEqual(result.stderr.includes("5ec4e7"), false);
  }
  assertFails(await runCli(["--config", dir.path("none"), ...list]), 1, "none: no such file");
  const good = dir.write("good.json", "{}");
  deepStrictEqual((await atHome(dir, [...list, `--config=${good}`], "{")).code, 0);
  const bad = dir.writePrivate("bad.json", JSON.stringify({ "store-options": { [made.store]: encrypted } }));
  assertFails(
    await runCli(["--config", bad, "verify", "-s", made.store]),
    2,
    "encryption-key in",
    "bad.json is not",
  );
});

Deno.test("an entry that matches together with another is an error that names both", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const config = { "store-options": { [made.store]: {}, [`${dir.root}/*`]: { n: 2 } } };
  const result = await atHome(dir, ["extract", "-s", made.store, made.index, "x"], config);
  assertFails(result, 2, "several entries of store-options", JSON.stringify(made.store), `/*"`);
  const [theirs] = await theirsAndOurs(dir, config, ["extract", "-s", made.store, made.index, dir.path("x")]);
  if (theirs !== undefined) strictEqual(theirs.code, 1);
});

Deno.test("comments, nothing and other cases are as good as in desync", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  for (
    const config of [
      { "//": "a note", _x: 1, $schema: "x", "#": [], "store-options": { "a": { "_why": 1 } } },
      { "s3-credentials": null, "oci-credentials": {}, "store-options": { [made.store]: null } },
      { "Store-Options": { [made.store]: { Uncompressed: false, N: null, "ERROR-RETRY": 0 } } },
      null,
    ]
  ) {
    const args = ["extract", "-s", made.store, made.index, dir.path("x")];
    for (const result of await theirsAndOurs(dir, config, args)) {
      if (result !== undefined) strictEqual(result.code, 0, result.stderr);
    }
  }
});

/** What both programs make of a configuration; the other one where it is installed. */
async function theirsAndOurs(
  dir: TempDir,
  config: unknown,
  args: string[],
): Promise<[theirs: RunResult | undefined, ours: RunResult]> {
  const words = ["--config", dir.write("both.json", JSON.stringify(config)), ...args];
  return [peers.desync ? await runAny(peers.desync, words) : undefined, await runCli(words)];
}

Deno.test({
  name: "secrets that every user can read are warned of",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const { index } = makeBlob(dir, somePieces());
    const path = dir.path("config.json");
    const warned = async (config: object, mode: number) => {
      dir.write("config.json", JSON.stringify(config));
      Deno.chmodSync(path, mode);
      const { code, stderr } = await runCli(["--config", path, "list-chunks", index]);
      strictEqual(code, 0, stderr);
      return stderr === `desync: ${path} has secrets, and others can read it (chmod 600 ${path})\n`;
    };
    const secret = { "store-options": { a: { "http-auth": "Bearer 5ec4e7" } } };
    strictEqual(await warned(secret, 0o644), true);
    strictEqual(await warned(secret, 0o640), false);
    strictEqual(await warned({ "store-options": { "http://u:p@h/": {} } }, 0o644), true);
    strictEqual(await warned({ "s3-credentials": { "https://h": { "secret-key": "5ec4e7" } } }, 0o604), true);
    strictEqual(await warned({ "store-options": { "http://h/a?": { "http-auth": "" } } }, 0o644), false);
  },
});

inTurn()({
  name: "patterns match the stores that they match for desync",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const { index } = makeBlob(dir, somePieces(), { name: "a-b" });
    const store = dir.path("a-b");
    const patterns: [pattern: string, location: string][] = [
      ["a-b", store],
      [`${store}/`, "a-b"],
      ["./x/../a-b", "a-b/."],
      ["*", store],
      ["*/*", "a-b"],
      ["/*", store],
      ["a?b", store],
      ["?-b", store],
      ["??-b", store],
      ["[a-c]-b", store],
      ["[^a]-b", store],
      ["[!a]-b", store],
      ["[x\\-]-b", store],
      ["[a\\-z]-b", store],
      ["a[\\-]b", store],
      ["a\\-b", store],
      ["[c-a]-b", store],
      ["a.b", store],
      ["A-B", store],
      [".*", store],
      ["$a-b", store],
    ];
    const wrong: string[] = [];
    for (const [i, [pattern, location]] of share(patterns, 9).entries()) {
      const config = dir.write(
        `${i}.json`,
        JSON.stringify({ "store-options": { [pattern]: { encryption: true } } }),
      );
      const args = ["--config", config, "extract", "-s", location, index, dir.path(`out${i}`)];
      const theirs = await runAny(peers.desync!, args, { cwd: dir.root });
      const ours = await runCli(args, { cwd: dir.root });
      if ((theirs.code === 0) !== (ours.code === 0)) {
        wrong.push(`${pattern}: ${theirs.stderr} / ${ours.stderr}`);
      }
    }
    deepStrictEqual(wrong, []);
  },
});

inTurn()({
  name: "patterns that match nothing for desync, whatever the store, are refused",
  ignore: !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const { index } = makeBlob(dir, somePieces(), { name: "a-b" });
    for (const [i, pattern] of ["a[-]b", "a-b\\", "[a", "[]a]-b"].entries()) {
      // With it, chunks of what it is meant for would be in the clear.
      const options = { "store-options": { [pattern]: { encryption: true } } };
      const config = dir.write(`${i}.json`, JSON.stringify(options));
      const args = ["--config", config, "extract", "-s", dir.path("a-b"), index, dir.path(`out${i}`)];
      strictEqual((await runAny(peers.desync!, args, { cwd: dir.root })).code, 0, pattern);
      const { code, stderr } = await runCli(args, { cwd: dir.root });
      strictEqual(code, 2, pattern);
      match(
        stderr,
        /^desync: Cannot use the configuration file .*in store-options has a \[ without its \]/,
        pattern,
      );
    }
  },
});

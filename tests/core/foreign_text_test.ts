import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { DesyncError, messageOf } from "../../src/core/errors.ts";
import { foreignText, oneLine, visibleJson } from "../../src/core/foreign_text.ts";
import { element, file, types } from "../support/data/archive_bytes.ts";
import { joined } from "../support/data/joined.ts";
import { repository, run } from "../support/process.ts";
import { tempDir } from "../support/temp.ts";

/** Nothing of this is seen, and a terminal obeys some of it: colours, a line back, the title, right to left, C1. */
const UNSEEN = "\x1b[31m \x1b[1A \x1b]0;title\x07 \u202e \u2066 \x9b31m \u2028 \u{e0041} \r\n \ud800";
// deno-lint-ignore no-control-regex
const SEEN = /^[^\x00-\x1f\x7f-\x9f\u2028\u202e\u2066\u{e0041}\p{Cs}]*$/u;

Deno.test("error messages have no control codes and only one line", () => {
  for (
    const text of [
      new DesyncError("io", { reason: UNSEEN }).message,
      messageOf(new Error(UNSEEN)),
      foreignText(UNSEEN),
    ]
  ) {
    ok(SEEN.test(text), JSON.stringify(text));
  }
  const names = "/a  b/نمی\u200cخواهم/👩\u200d🚀.catar";
  strictEqual(new DesyncError("io", { reason: names }).message, names);
  strictEqual(oneLine("\ud800 is not Unicode"), "\ufffd is not Unicode");
});

Deno.test("JSON escapes all invisible characters of a text", () => {
  const value = { text: [UNSEEN, "é\u200d"], number: 1 };
  for (const indent of [undefined, 2]) {
    const json = visibleJson(value, indent);
    ok(SEEN.test(json.replaceAll("\n", "")), json);
    deepStrictEqual(JSON.parse(json), value);
  }
});

Deno.test("foreign names are printed without control codes, as text and as JSON", async () => {
  using dir = tempDir();
  const bad = "no\x1b[31m\u202e\x9b31m";
  const attribute = element(types.xattr, new TextEncoder().encode(`user.${bad}\0value`));
  const archive = dir.write("archive.catar", file("x", {}, joined([attribute, attribute])));
  const tooLong = dir.write(`${bad}.caexclude`, "../x");
  const lists = [
    ["list", archive],
    ["mtree", archive],
    ["list", tooLong],
    ["cat", "-s", bad, `./${bad}.caibx`],
    ["tar", "x.catar", `./${bad}`],
    ["untar", "--exclude", `../${bad}`, archive, dir.path(bad)],
    ["list-chunks", `http://127.0.0.1:1/${bad}`],
    [bad],
    ["cat", `--${bad}`],
    ["extract", "-s", bad, dir.path("none", bad), dir.path(bad)],
  ].flatMap((words) => [words, [...words, "--progress=json"], [...words, "--verbose"]]);
  const words = ["run", "-A", join(repository, "tests/support/programs/main_each.ts")];
  const { stdout, stderr } = await run(Deno.execPath(), words, {
    stdin: JSON.stringify(lists),
    cwd: dir.root,
  });
  const said = stderr.split("\0");
  for (const [i, list] of lists.entries()) {
    const [text, status] = [said[2 * i], said[2 * i + 1]];
    ok(Number(status) > 0 && /^desync: |^\{"error"/m.test(text), `${list}: ${status} ${text}`);
    ok(SEEN.test(text.replaceAll("\n", "")), `${list}: ${JSON.stringify(text)}`);
  }
  ok(said[0].endsWith(`the attribute "user.no [31m 31m" twice\n`), said[0]);
  ok(SEEN.test(stdout.replaceAll("\n", "")), JSON.stringify(stdout));
});

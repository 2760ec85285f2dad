import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { describeCommands, describeGlobalOptions } from "../../../src/cli/docs/description.ts";
import { runCli } from "../../support/cli.ts";
import { peers } from "../../support/peers.ts";
import { offered, offeredByPowerShell, shells } from "../../support/system/shells.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(3, import.meta.url);

const described = await describeCommands();

const indexes = ["my file.caibx", "store.castr", "tree.caidx", "v1.caibx"];
const archives = [...indexes, "docs.catar"].sort();
const files = [...archives, "image.raw"].sort();
const digests = ["sha256", "sha512-256"];

/** A line up to where TAB is pressed, and all but options that has to be offered then. */
const cases: [line: string, offers: string[]][] = [
  ["desync ex", ["extract"]],
  ["desync verify", ["verify", "verify-index"]],
  ["desync --digest ", digests],
  ["desync --digest=", digests],
  ["desync --digest sha256 --verbose ex", ["extract"]],
  ["desync extract ", indexes],
  ["desync extract v1.caibx ", files],
  ["desync extract v1.caibx image.raw ", []],
  ["desync extract my\\ f", ["my file.caibx"]],
  ["desync extract ./v", ["./v1.caibx"]],
  ["desync extract store.castr/", ["store.castr/inner.caibx"]],
  ["desync extract -s ", ["store.castr"]],
  ["desync extract --store st", ["store.castr"]],
  ["desync extract --store=st", ["store.castr"]],
  ["desync extract -s store.castr v", ["v1.caibx"]],
  ["desync extract --store=store.castr v", ["v1.caibx"]],
  ["desync extract -s https://example.com/store ", indexes],
  ["desync extract -s https://example.com:8080/store -c st", ["store.castr"]],
  ["desync extract -s https://exam", []],
  ["desync extract --store=https://exam", []],
  ["desync extract https://example.com/v1.cai", []],
  ["desync extract -n ", []],
  ["desync extract -k --progress ", ["auto", "bar", "json", "lines", "none"]],
  ["desync extract -n 4 -- v", ["v1.caibx"]],
  ["desync info -f ", ["json", "plain"]],
  ["desync info --format=p", ["plain"]],
  ["desync cat -l 10 ", indexes],
  ["desync untar ", archives],
  ["desync untar docs.catar ", ["store.castr"]],
  ["desync prune -s store.castr v1.caibx t", ["tree.caidx"]],
  ["desync cache v1.caibx tree.caidx my", ["my file.caibx"]],
  ["desync chop --ignore-chunks i", ["image.raw"]],
  ["desync pull - - - ", ["store.castr"]],
  ["desync completion ", ["bash", "fish", "powershell", "zsh"]],
  ["desync help ca", ["cache", "cat"]],
  ["desync none ", []],
];

function workDirectory(): TempDir {
  const dir = tempDir();
  for (const name of files.filter((name) => !name.endsWith(".castr"))) dir.write(name, "");
  dir.write("store.castr/inner.caibx", "");
  return dir;
}

/** A path is offered whole by some shells, and from the last slash on by others. */
function lastPart(path: string): string {
  return path.replace(/^.*\//, "");
}

for (const shell of shells) {
  // What is called bash on Windows is many things, and on macOS it is of 2007.
  const ignore = Deno.build.os !== "linux" || peers[shell] === undefined;

  inTurn()({
    name: `${shell} completes commands, options, words and files`,
    ignore,
    fn: async () => {
      using dir = workDirectory();
      const { code, stdout: script, stderr } = await runCli(["completion", shell]);
      deepStrictEqual([code, stderr], [0, ""]);
      const found = await offered(shell, script, cases.map(([line]) => line), dir);
      const wrong = cases.flatMap(([line, expected], i) => {
        const words = found[i].filter((word) => !word.startsWith("-")).map(lastPart);
        return isDeepStrictEqual(words, expected.map(lastPart))
          ? []
          : [{ line, expected, offered: found[i] }];
      });
      deepStrictEqual(wrong, []);
    },
  });

  inTurn()({
    name: `${shell} completes every option of every command`,
    ignore,
    fn: async () => {
      using dir = workDirectory();
      const { stdout: script } = await runCli(["completion", shell]);
      const commands = [...described, { name: "", options: describeGlobalOptions() }]
        .filter(({ options }) => options.length > 0);
      ok(commands.length > 15);
      const found = await offered(shell, script, commands.map(({ name }) => `desync ${name} --`), dir);
      const options = commands.map((command) =>
        command.options.flatMap(({ names }) => names).filter((name) => name.startsWith("--")).sort()
      );
      deepStrictEqual(found, options);
    },
  });
}

Deno.test("--no-descriptions leaves out what commands and options are for, and nothing else", async () => {
  const descriptions = [
    ...described.map(({ summary }) => summary),
    ...described.flatMap(({ options }) => options.map(({ description }) => description)),
  ];
  const words = described.flatMap((
    { name, options },
  ) => [name, ...options.flatMap(({ names }) => names)]);
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const full = await runCli(["completion", shell]);
    const bare = await runCli(["completion", shell, "--no-descriptions"]);
    deepStrictEqual([bare.code, bare.stderr], [0, ""]);
    // Each shell quotes in its own way; what is plain is the same in all.
    const plain = descriptions.filter((text) => /^[\w ,;()]+$/.test(text));
    deepStrictEqual(plain.filter((text) => bare.stdout.includes(text)), [], shell);
    ok(shell === "bash" || plain.every((text) => full.stdout.includes(text)), shell);
    deepStrictEqual(words.filter((word) => !bare.stdout.includes(word.replace(/^-+/, ""))), [], shell);
  }
});

Deno.test("the script for PowerShell has every option of every command with its kind", async () => {
  const { code, stdout, stderr } = await runCli(["completion", "powershell"]);
  deepStrictEqual([code, stderr], [0, ""]);
  const commands = [...described, { name: "", options: describeGlobalOptions(), arguments: [] }];
  for (const command of commands) {
    const [, text] = stdout.split(`\n        '${command.name}' = @{\n`);
    const own = text.slice(0, text.indexOf("\n        }"));
    for (const { names, value } of command.options) {
      const kind = value === undefined
        ? ""
        : value.kind === "words"
        ? `=${value.words.join(",")}`
        : value.kind;
      for (const name of names) ok(own.includes(`'${name}|${kind}|`), `${command.name} ${name}`);
    }
    const [, args] = /Arguments = @\((.*)\)/.exec(own)!;
    strictEqual(args === "" ? 0 : args.split("', '").length, command.arguments.length, command.name);
  }
});

Deno.test({
  name: "PowerShell completes commands, options, words and files",
  ignore: peers.pwsh === undefined,
  fn: async () => {
    using dir = workDirectory();
    const { stdout: script } = await runCli(["completion", "powershell"]);
    // It has its own way to quote blanks, and offers files where nothing else is offered.
    const own = cases.filter(([line, offers]) => offers.length > 0 && !line.includes("\\"))
      .map(([line, offers]) => [line, offers.filter((word) => !word.includes(" "))] as const);
    const found = await offeredByPowerShell(script, own.map(([line]) => line), dir);
    const plain = (words: string[]) => words.filter((word) => !/^-|'/.test(word)).map(lastPart).sort();
    deepStrictEqual(
      own.map(([line], i) => [line, plain(found[i])]),
      own.map(([line, words]) => [line, words.map(lastPart).sort()]),
    );
  },
});

/** Paths that are not UTF-8, on the command line. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { repository, runAny } from "../../support/process.ts";
import { random } from "../../support/random.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { takingTurns, thorough } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const linux = Deno.build.os === "linux";

/** Runs a shell script in the directory; `ours` in it is the program, `$x` and `$y` are two bytes that are not UTF-8. */
function script(dir: TempDir, text: string, command: readonly string[] = cliCommand) {
  const start = `set -e; ours() { ${command.map((word) => `'${word}'`).join(" ")} "$@"; }
    x=$(printf '\\377'); y=$(printf '\\376')\n`;
  return runAny("sh", ["-c", start + text], { cwd: dir.root });
}

/** Scripts that have to succeed without a word, in a directory with `blob`, its index `blob.caibx` and store. */
const scripts: [name: string, text: string][] = [
  [
    "two outputs are two files",
    `ours extract -s blob.store blob.caibx "out$x"; ours extract -s blob.store blob.caibx "out$y"
     cmp "out$x" blob; cmp "out$y" blob; test ! -e "$(printf 'out\\357\\277\\275')"`,
  ],
  [
    "an output that is there is replaced with its rights, or left when it is up to date",
    `echo old >"out$x"; chmod 640 "out$x"; ours extract -s blob.store blob.caibx "out$x"; cmp "out$x" blob
     touch -d @1000000000 "out$x"; before=$(stat -c '%a %i %Y' "out$x"); case $before in 640*) ;; *) exit 9 ;; esac
     ours extract -s blob.store blob.caibx "out$x"; test "$(stat -c '%a %i %Y' "out$x")" = "$before"`,
  ],
  [
    "in place: one that is there, one that is not, one behind a symlink",
    `echo old >"out$x"; inode=$(stat -c %i "out$x"); ours extract -k -s blob.store blob.caibx "out$x"
     test "$(stat -c %i "out$x")" = "$inode"; cmp "out$x" blob
     ours extract -k -s blob.store blob.caibx "new$x"; cmp "new$x" blob
     ln -s "to$y" "link$x"; echo old >"to$y"
     ours extract -k -s blob.store blob.caibx "link$x"; test -h "link$x"; cmp "to$y" blob`,
  ],
  [
    "stores, caches, indexes, inputs, directories on the way",
    `mkdir "dir$x"; cp blob "dir$x/file$y"
     ours make -s "dir$x/store$x" "index$x" "dir$x/file$y"; ours make -s "store$y" "$(pwd)/dir$x/index$y" "./dir$x/file$y"
     mv "dir$x"/* .
     ours verify -s "store$x"; ours verify-index "index$x" "file$y"; cmp "index$x" "index$y"
     ours chop -s "chopped$x" "index$x" "file$y"; ours cache -s "store$x" -c "copy$x" "index$x"`,
  ],
  [
    "what reads stores, caches and lists",
    `cp -R blob.store "copy$x"; cp blob.caibx "index$x"; cp blob.caibx "index$y"
     ours cat -s "copy$x" "index$x" >out; cmp out blob
     ours cat -c "cache$x" -s "copy$x" "index$x" "out$x"; cmp "out$x" blob
     ours list-chunks "index$x" >"ids$x"; ours prune -y -s "copy$x" --keep-chunks "ids$x"
     ours extract -s "none$y" "index$x" gone 2>/dev/null && exit 9
     ours extract -s "cache$x,copy$x" "index$x" from; cmp from blob
     ours inspect-chunks -s "copy$x" "index$x" "sizes$x"; ours info --chunks-info "sizes$x" --seed "index$y" "index$x" >info
     ! grep -q '"in-seed": 0' info`,
  ],
  [
    "trees and archives",
    `mkdir -p "tree$x/in$y"; echo text >"tree$x/in$y/file$x"; echo old >"tree$x/out$x"
     ours tar "tree$x/out$x" "tree$x"; ours list "tree$x/out$x" >list; test "$(wc -l <list)" = 4
     ours untar "tree$x/out$x" "copy$x"; test "$(cat "copy$x/in$y/file$x")" = text; ours list "copy$x" | cmp - list
     ours untar "tree$x/out$x" "part$x" "in$y/file$x"; test "$(cat "part$x/file$x")" = text
     ours tar -i -s "store$x" --exclude "file$x" "index$x" "copy$x"
     ours untar -i -s "store$x" --output-format gnu-tar "index$x" "tar$x"; test "$(tar -tf "tar$x" | wc -l)" = 3
     test -z "$(find . -name '.tmp*')"`,
  ],
];
// A usual run tries every other, which are others from run to run.
const turn = random().below(2);
for (const [name, text] of thorough ? scripts : scripts.filter((_, i) => i % 2 === turn)) {
  Deno.test({
    name: `not UTF-8: ${name}`,
    ignore: !linux || peers.tar === undefined,
    fn: async () => {
      using dir = tempDir();
      const made = makeBlob(dir, somePieces());
      Deno.renameSync(made.store, dir.path("blob.store"));
      dir.write("blob", made.bytes);
      const { code, stdout, stderr } = await script(dir, text);
      deepStrictEqual([code, stdout, stderr], [0, "", ""]);
    },
  });
}

inTurn()({
  name: "not UTF-8: what is missing is named, and a failure leaves what the next run goes on from",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    assertFails(await script(dir, 'ours list-chunks "in$x"'), 1, "Cannot read in\uFFFD: no such file");
    assertFails(
      await script(dir, `ours extract -s blob blob.caibx "no$x/out"`),
      1,
      "Cannot write no\uFFFD/out",
    );
    assertFails(await script(dir, `ours extract -s "http://host/$x" blob.caibx out`), 2, "not UTF-8");
    assertFails(await script(dir, 'ours tar --with="$x" a b'), 2, "--with");
    const inside = await script(dir, 'mkdir "in$y"; cd "in$y"; ours make x.caibx ../blob.caibx');
    assertFails(inside, 1, "current directory", "not UTF-8");
    Deno.removeSync(made.chunk(1));
    const failed = await script(dir, 'echo old >"out$x"; ours extract -s blob blob.caibx "out$x"');
    assertFails(failed, 1, made.ids[1]);
    const left = await script(
      dir,
      'test "$(cat "out$x")" = old; test "$(find . -name "*out*" -o -name ".tmp*" | wc -l)" = 2',
    );
    deepStrictEqual([left.code, left.stderr], [0, ""]);
  },
});

Deno.test({
  name: "not UTF-8: refused where the bytes are not known; U+FFFD itself is a name where they are",
  ignore: !linux,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const some = [
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      `${repository}cli.ts`,
    ];
    const refused = await script(dir, 'ours extract -s blob blob.caibx "out$x"', some);
    assertFails(refused, 2, "Invalid argument", "out\uFFFD", "not UTF-8");
    ok(!Array.from(Deno.readDirSync(dir.root)).some(({ name }) => name.startsWith("out")));
    const result = await runCli(["extract", "-s", made.store, made.index, dir.path("out\uFFFD")]);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    strictEqual(Deno.statSync(dir.path("out\uFFFD")).size, made.bytes.length);
  },
});

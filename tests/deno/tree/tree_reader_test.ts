import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { nativeSource } from "../../../src/deno/tree/native_source.ts";
import { portableSource } from "../../../src/deno/tree/portable_source.ts";
import { readTreeBy, type ReadTreeByOptions } from "../../../src/deno/tree/tree_reader.ts";
import type { ReadSystem } from "../../../src/deno/tree/read_system.ts";
import type { ArchiveNode } from "../../../src/formats/archive/archive_elements.ts";
import { ExcludePatterns } from "../../../src/formats/archive/exclude_patterns.ts";
import { DEFAULT_FEATURES, EXCLUDE_SUBMOUNTS } from "../../../src/formats/archive/features.ts";
import type { TreeSummary } from "../../../src/archive/tree_ports.ts";
import { escapeName } from "../../../src/formats/archive/node_text.ts";
import { canSetAttributes, CHATTR, setChattr, setXattr } from "../../support/system/attributes.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { run } from "../../support/process.ts";
import { makeOddName } from "../../support/data/rich_tree.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { amount } from "../../support/thorough.ts";

interface Read {
  /** Paths of nodes in their order. */
  readonly paths: string[];
  readonly nodes: Map<string, ArchiveNode>;
  readonly texts: Map<string, string>;
  readonly summary: TreeSummary;
}

async function read(folder: string, options: ReadTreeByOptions = {}): Promise<Read> {
  const paths: string[] = [];
  const nodes = new Map<string, ArchiveNode>();
  const texts = new Map<string, string>();
  const names: string[] = [];
  const summary = await readTreeBy(folder, (event) => {
    if (event.type === "node") {
      names.push(escapeName(event.node.name));
      const path = names.slice(1).join("/") || ".";
      paths.push(path);
      nodes.set(path, event.node);
    } else if (event.type === "data") {
      const path = names.slice(1).join("/") || ".";
      texts.set(path, (texts.get(path) ?? "") + new TextDecoder().decode(event.bytes));
    } else names.pop();
  }, options);
  strictEqual(names.length, 0);
  return { paths, nodes, texts, summary };
}

const ways: [name: string, make: () => ReadSystem | null][] = [
  ["native", () => nativeSource(DEFAULT_FEATURES)],
  ["portable", portableSource],
];

/** The test with either way to the system. */
function both(name: string, test: (dir: TempDir, system: () => ReadSystem) => Promise<void>): void {
  for (const [way, make] of ways) {
    Deno.test({
      name: `a tree is read (${way}): ${name}`,
      ignore: make() === null,
      fn: async () => {
        using dir = tempDir();
        await test(dir, () => make()!);
      },
    });
  }
}

both("nodes in the order of their names' bytes, with their content", async (dir, system) => {
  dir.write("tree/b", "second");
  dir.write("tree/a/x", "inner");
  dir.write("tree/a.txt", "first");
  dir.write("tree/\u{1f600}", "behind in UTF-8, before in UTF-16");
  dir.write("tree/\uff5e", "");
  Deno.symlinkSync("a/x", dir.path("tree", "link"));
  Deno.chmodSync(dir.path("tree", "b"), 0o640);
  const { paths, nodes, texts, summary } = await read(dir.path("tree"), { system: system() });
  const last = ["\uff5e", "\u{1f600}"].map((name) => escapeName(new TextEncoder().encode(name)));
  deepStrictEqual(paths, [".", "a", "a/x", "a.txt", "b", "link", ...last]);
  deepStrictEqual([texts.get("a/x"), texts.get("b")], ["inner", "second"]);
  strictEqual(nodes.get("b")!.mode, 0o640);
  deepStrictEqual(nodes.get("link")!.target, new TextEncoder().encode("a/x"));
  strictEqual(
    nodes.get("b")!.mtime / 1_000_000n,
    BigInt(Deno.statSync(dir.path("tree", "b")).mtime!.getTime()),
  );
  deepStrictEqual([summary.nodes, summary.hardLinks, summary.changed], [8, 0, 0]);
});

both("hard links are files, and counted", async (dir, system) => {
  dir.write("tree/a", "text");
  Deno.linkSync(dir.path("tree", "a"), dir.path("tree", "b"));
  Deno.linkSync(dir.path("tree", "a"), dir.path("outside"));
  dir.write("tree/c", "other");
  Deno.linkSync(dir.path("tree", "c"), dir.path("outside-too"));
  const { texts, summary } = await read(dir.path("tree"), { system: system() });
  deepStrictEqual([texts.get("a"), texts.get("b"), summary.hardLinks], ["text", "text", 1]);
});

both("a single file, also by a symlink to it", async (dir, system) => {
  dir.write("file", "text");
  Deno.symlinkSync("file", dir.path("link"));
  for (const name of ["file", "link"]) {
    const { paths, texts } = await read(dir.path(name), { system: system() });
    deepStrictEqual([paths, texts.get(".")], [["."], "text"]);
  }
});

both(
  "files that change meanwhile are reported, those that become shorter are an error",
  async (dir, system) => {
    const file = dir.write("tree/a", "x".repeat(600_000));
    let grown = false;
    const summary = await readTreeBy(dir.path("tree"), (event) => {
      if (event.type === "data" && !grown) Deno.writeTextFileSync(file, "more", { append: true });
      grown = grown || event.type === "data";
    }, { system: system() });
    deepStrictEqual([summary.changed, summary.changedPath], [1, `${dir.path("tree")}/a`]);
    const shrink = readTreeBy(dir.path("tree"), (event) => {
      if (event.type === "data") Deno.truncateSync(file, 10);
    }, { system: system() });
    await rejects(shrink, { message: `Cannot read ${file}: it became shorter while it was read` });
  },
);

both("patterns and .caexclude files leave out what they name", async (dir, system) => {
  for (const name of ["a.o", "keep.o", "b", "sub/c.o", "sub/d", "sub/e", "gone/f"]) {
    dir.write(`tree/${name}`, name);
  }
  dir.write("tree/.caexclude", "*.o\n");
  dir.write("tree/sub/.caexclude", "d\n");
  const exclude = ExcludePatterns.parse(["/gone/", "!keep.o"], "test");
  const { paths } = await read(dir.path("tree"), { system: system(), exclude });
  deepStrictEqual(paths, [".", ".caexclude", "b", "keep.o", "sub", "sub/.caexclude", "sub/e"]);
  const all = await read(dir.path("tree"), { system: system(), features: 0n });
  strictEqual(all.paths.length, 12);
  dir.write("tree/sub/.caexclude", "fine\na//../b\n");
  await rejects(read(dir.path("tree"), { system: system() }), (error: Error) => {
    match(error.message, /^Cannot use the pattern "a\/\/\.\.\/b" \(.*\/tree\/sub\/\.caexclude, line 2\)/);
    return true;
  });
});

both(
  "a .caexclude that is not a file, or endless, is reported or ignored, without waiting",
  async (dir, system) => {
    if (Deno.build.os === "windows") return;
    dir.write("tree/a", "x");
    const exclude = dir.path("tree/.caexclude");
    const paths = async () => (await read(dir.path("tree"), { system: system() })).paths;
    Deno.symlinkSync("/dev/zero", exclude);
    await rejects(paths(), { message: `Cannot read ${exclude}: larger than the limit of 1048576 bytes` });
    Deno.removeSync(exclude);
    Deno.mkdirSync(exclude);
    await rejects(paths(), (error: Error) => error.message.startsWith(`Cannot read ${exclude}: `));
    Deno.removeSync(exclude);
    await run("mkfifo", [exclude]);
    deepStrictEqual(await paths(), [".", ".caexclude", "a"]);
  },
);

both("the archive itself is left out while it is written", async (dir, system) => {
  dir.write("tree/a", "x");
  dir.write("tree/.tmp", "x");
  deepStrictEqual((await read(dir.path("tree"), { system: system(), skipNames: [".tmp"] })).paths, [
    ".",
    "a",
  ]);
});

both("what is not there, and what cannot be read", async (dir, system) => {
  await rejects(read(dir.path("nothing"), { system: system() }), {
    code: "missing-file",
    message: `Cannot read ${dir.path("nothing")}: no such file or directory`,
  });
});

both("a signal stops it", async (dir, system) => {
  dir.write("tree/a", "x");
  const stop = new AbortController();
  const reading = readTreeBy(dir.path("tree"), () => stop.abort(), { system: system(), signal: stop.signal });
  await rejects(reading, { code: "interrupted" });
});

both("the handler of the nodes is awaited", async (dir, system) => {
  for (let i = 0; i < 5; i++) dir.write(`tree/${i}`, "x");
  let [busy, most] = [0, 0];
  await readTreeBy(dir.path("tree"), async () => {
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setTimeout(resolve, 1));
    busy--;
  }, { system: system() });
  strictEqual(most, 1);
});

Deno.test({
  name: "names that are not UTF-8 are read by the C library, and reported without it",
  ignore: nativeSource(0n) === null,
  fn: async () => {
    using dir = tempDir();
    await makeOddName(dir.root);
    deepStrictEqual((await read(dir.root)).paths, [".", "bad\\377name"]);
    const portable = read(dir.root, { system: portableSource() });
    // Deno 2.6 itself does not list such names.
    if (Deno.version.deno.startsWith("2.6.")) deepStrictEqual((await portable).paths, ["."]);
    else await rejects(portable, /bad\\357\\277\\275name/);
  },
});

Deno.test({
  name: "attributes are read as far as they are recorded",
  ignore: !canSetAttributes,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("tree/a", "x");
    setXattr(file, "user.note", "value");
    const nodump = dir.write("tree/b", "x");
    const noted = (await read(dir.path("tree"))).nodes.get("a")!;
    deepStrictEqual(noted.xattrs, [{ name: "user.note", value: new TextEncoder().encode("value") }]);
    deepStrictEqual((await read(dir.path("tree"), { features: 0n })).nodes.get("a")!.xattrs, []);
    if (setChattr(nodump, CHATTR.nodump)) deepStrictEqual((await read(dir.path("tree"))).paths, [".", "a"]);
  },
});

Deno.test({
  name: "mounted file systems are omitted on request, and the kernel's own files are empty",
  ignore: !canMount || nativeSource(0n) === null,
  fn: async () => {
    using dir = tempDir();
    dir.dir("tree/mounted");
    await using _mount = await mountTmpfs(dir.path("tree/mounted"), "64k");
    dir.write("tree/mounted/inside", "x");
    const features = DEFAULT_FEATURES | EXCLUDE_SUBMOUNTS;
    deepStrictEqual((await read(dir.path("tree"))).paths, [".", "mounted", "mounted/inside"]);
    deepStrictEqual((await read(dir.path("tree"), { features })).paths, ["."]);
    const { paths, summary } = await read("/proc");
    deepStrictEqual([paths, summary.bytes], [["."], 0]);
  },
});

Deno.test({
  name: "thousands of files in one directory",
  fn: async () => {
    using dir = tempDir();
    dir.dir("tree");
    // Their names take several of the system's answers.
    const count = amount(1500, 5000);
    for (let i = 0; i < count; i++) {
      Deno.writeTextFileSync(`${dir.root}/tree/file-with-a-long-name-${i}`, `${i}`);
    }
    const { paths, texts } = await read(dir.path("tree"));
    ok(paths.length === count + 1 && texts.get(`file-with-a-long-name-${count - 1}`) === `${count - 1}`);
    deepStrictEqual(paths.slice(1), paths.slice(1).sort());
  },
});

import { createHash } from "node:crypto";
import { rejects, strictEqual } from "node:assert/strict";
import { listTo, mtreeTo } from "../../src/archive/describe_archive.ts";
import { readArchive } from "../../src/archive/read_archive.ts";
import { device, directory, entry, fifo, file, symlink } from "../support/data/archive_bytes.ts";
import { withZeros } from "../support/data/desync_mtree.ts";
import { testdata } from "../support/testdata.ts";
import { sha256 } from "../support/sha.ts";

async function list(archive: Uint8Array): Promise<string> {
  let text = "";
  await readArchive(new Blob([archive.slice()]).stream(), listTo((line) => text += line));
  return text;
}

async function mtree(archive: Uint8Array, name: "sha512-256" | "sha256" = "sha512-256"): Promise<string> {
  let text = "";
  const digest = { name, make: () => createHash(name) };
  await readArchive(new Blob([archive.slice()]).stream(), mtreeTo((line) => text += line, digest));
  return text;
}

Deno.test("the mtree of an archive is what desync prints", async () => {
  const archive = Deno.readFileSync(testdata("tree.catar"));
  strictEqual(await mtree(archive), withZeros(Deno.readTextFileSync(testdata("desync-tree.mtree"))));
});

Deno.test("the mtree of every kind of node", async () => {
  const mtime = 1_700_000_000_000_000_005n;
  const archive = directory([
    ["b", device("block", 8, 1, { mtime })],
    ["c", device("char", 5, 300, { mtime })],
    ["early", file("", { mtime: -500_000_000n, mode: 0o4755, uid: 1, gid: 2 })],
    ["p", fifo({ mtime })],
    ["s", entry(0o140000, 0o755, { mtime })],
    ["z #\\", symlink("ü ", { mtime })],
  ], { mtime: -1_500_000_000n });
  strictEqual(
    await mtree(archive, "sha256"),
    `#mtree v1.0
. type=dir mode=0755 uid=0 gid=0 time=-2.500000000
b type=block mode=0644 uid=0 gid=0 time=1700000000.000000005 device=linux,8,1
c type=char mode=0644 uid=0 gid=0 time=1700000000.000000005 device=linux,5,300
early type=file mode=4755 uid=1 gid=2 size=0 time=-1.500000000 sha256digest=${sha256(new Uint8Array(0))}
p type=fifo mode=0644 uid=0 gid=0 time=1700000000.000000005
s type=socket mode=0755 uid=0 gid=0 time=1700000000.000000005
z\\040\\043\\134 type=link mode=0777 target=\\303\\274\\040 uid=0 gid=0 time=1700000000.000000005
`,
  );
});

Deno.test("the listing shows kinds and modes as casync does", async () => {
  // What `casync list` prints for files and directories of these modes.
  const modes: [number, string][] = [
    [0o4755, "rwsr-xr-x"],
    [0o2755, "rwxr-sr-x"],
    [0o6644, "rwSr-Sr--"],
    [0o0000, "---------"],
  ];
  for (const [mode, shown] of modes) {
    strictEqual(await list(file("", { mode })), `-${shown} .\n`);
    strictEqual(await list(directory([], { mode })), `d${shown} .\n`);
  }
  strictEqual(await list(file("", { mode: 0o1777 })), "-rwxrwxrwx .\n");
  strictEqual(await list(directory([], { mode: 0o1777 })), "drwxrwxrwt .\n");
  strictEqual(await list(directory([], { mode: 0o7000 })), "d--S--S--T .\n");
  strictEqual(await list(file("", { mode: 0o7000 })), "---S--S--- .\n");
});

Deno.test("the listing of an archive, directory by directory", async () => {
  const inner = directory([["a b", file("x")], ["pipe", fifo()]]);
  const archive = directory([["dir", inner], ["link", symlink("dir")], ["null", device("char", 1, 3)]]);
  strictEqual(
    await list(archive),
    `drwxr-xr-x .
drwxr-xr-x dir
-rw-r--r-- dir/a\\040b
prw-r--r-- dir/pipe
lrwxrwxrwx link
crw-r--r-- null
`,
  );
});

Deno.test("names without a node are not shown, as desync does it", async () => {
  const archive = directory([["a", file("x")], ["pipe", new Uint8Array(0)], ["z", fifo()]]);
  strictEqual(await list(archive), "drwxr-xr-x .\n-rw-r--r-- a\nprw-r--r-- z\n");
  strictEqual((await mtree(archive)).split("\n").length, 5);
});

Deno.test("entries of a truncated archive are listed before the error", async () => {
  const archive = directory([["a", file("x")], ["b", file("y")]]);
  let text = "";
  const pieces = new Blob([archive.slice(0, -1)]).stream();
  await rejects(readArchive(pieces, listTo((line) => text += line)), { code: "invalid-archive" });
  strictEqual(text, "drwxr-xr-x .\n-rw-r--r-- a\n-rw-r--r-- b\n");
});

/** Files that share blocks with the older versions that they replace or were unpacked beside. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { nativeTree } from "../../../../src/deno/tree/native_tree.ts";
import { untarBy, type UntarByOptions } from "../../../../src/deno/untar.ts";
import { directory, file } from "../../../support/data/archive_bytes.ts";
import { run } from "../../../support/process.ts";
import { random } from "../../../support/random.ts";
import { canMountSharing, mountSharing, sharingFileSystems } from "../../../support/system/mounts.ts";
import { tempDir } from "../../../support/temp.ts";
import { share } from "../../../support/thorough.ts";

const MB = 1024 * 1024;

async function unpack(archive: Uint8Array, target: string, options: UntarByOptions): Promise<void> {
  const { losses } = await untarBy(new Blob([new Uint8Array(archive)]).stream(), target, options);
  deepStrictEqual(losses, []);
}

// One of them in a usual run, and the other in reflink_test.ts.
for (const kind of share([...sharingFileSystems.keys()], 1, 1)) {
  Deno.test({
    name: `untar on ${kind}: what has not changed is stored once`,
    ignore: !canMountSharing(kind) || nativeTree() === null,
    fn: async () => {
      using dir = tempDir();
      const mounted = dir.dir("mounted");
      await using _mount = await mountSharing(kind, dir.path("disk"), mounted);
      const used = async () => {
        await run("sync", ["-f", mounted]);
        return Number((await run("df", ["--output=used", "-B1", mounted])).stdout.split("\n")[1]);
      };
      const generator = random();
      const old = generator.bytes(6 * MB);
      const archive = (content: Uint8Array, mtime: bigint) =>
        directory([["dir", directory([["large", file(content, { mtime })]])], ["small", file("small")]]);
      const first = `${mounted}/first`;
      await unpack(archive(old, 1_700_000_000_000_000_000n), first, {});
      const before = await used();
      // A block here and there, a part that is longer than one piece, zeros, and more or fewer bytes at the end.
      const changed = old.slice();
      for (let at = 5000; at < changed.length; at += MB) changed[at] ^= 1;
      changed.set(generator.bytes(200_000), 2 * MB + 77);
      changed.fill(0, 4 * MB, 4 * MB + 50_000);
      const versions = [
        new Uint8Array([...changed, ...generator.bytes(100_000)]),
        changed.subarray(0, 5 * MB + 5),
        old,
      ];
      for (const [i, content] of versions.entries()) {
        const bytes = archive(content, 1_700_000_001_000_000_000n + BigInt(i));
        await unpack(bytes, `${mounted}/copy-${i}`, { olderVersions: [dir.path("nothing"), first] });
        deepStrictEqual(Deno.readFileSync(`${mounted}/copy-${i}/dir/large`), content);
        await unpack(bytes, first, { inPlace: true });
        deepStrictEqual(Deno.readFileSync(`${first}/dir/large`), content);
      }
      const more = await used() - before;
      // Without sharing it would be 17 MB. XFS writes 128 KB where a block has changed.
      ok(more < 6 * MB, `${more} bytes more`);
    },
  });
}

/** An archive with everything in little that archives can have. */
import {
  device,
  directory,
  element,
  fifo,
  file,
  named,
  symlink,
  types,
} from "../tests/support/data/archive_bytes.ts";

const u64 = (...values: bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer);
const text = (value: string) => new TextEncoder().encode(value);

const owned = file(
  "content",
  { mode: 0o4755, uid: 1, gid: 2, flags: 0x40000n },
  named(types.user, "daemon"),
  named(types.group, "staff"),
  element(types.xattr, text("user.a\0value")),
  element(types.xattr, text("user.b\0")),
  element(types.aclUser, u64(1n, 7n), text("daemon\0")),
  element(types.aclGroup, u64(12n, 5n)),
  element(types.aclGroupObj, u64(4n)),
  named(types.selinux, "system_u:object_r:etc_t:s0"),
  element(types.fcaps, new Uint8Array(20)),
  element(types.quotaProjectId, u64(7n)),
);

/** The archive. */
export function everything(): Uint8Array {
  const features = 0xb000_0001_ffff_ff22n;
  const inner = directory([["deep", file("deep")], ["up", symlink("../../outside")]], {
    mode: 0o700,
    mtime: -1n,
  });
  const withDefault = directory([["x", file("")]], {
    more: [
      element(types.aclDefault, u64(7n, 5n, 0n, 7n)),
      element(types.aclDefaultUser, u64(1n, 7n), text("daemon\0")),
    ],
  });
  const root = directory([
    ["a", owned],
    ["d", inner],
    ["null", device("char", 1, 3)],
    ["pipe", fifo()],
    ["socket", fifo({ mode: 0 })],
    ["z", withDefault],
  ]);
  return withFeatures(root, features);
}

/** With these flags in all entries. */
function withFeatures(archive: Uint8Array, features: bigint): Uint8Array {
  const view = new DataView(archive.buffer);
  for (let at = 0; at < archive.length; at += Number(view.getBigUint64(at, true))) {
    if (view.getBigUint64(at + 8, true) === types.entry) view.setBigUint64(at + 16, features, true);
  }
  return archive;
}

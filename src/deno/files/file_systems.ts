/** Kinds of file systems, by the number that statfs(2) gives. */

/** Those that have something of their own. Source: Linux, include/uapi/linux/magic.h. */
export const FILE_SYSTEM = {
  ext: 0xef53n,
  xfs: 0x58465342n,
  btrfs: 0x9123683en,
  fat: 0x4d44n,
  fuse: 0x65735546n,
  tmpfs: 0x01021994n,
  ramfs: 0x858458f6n,
} as const;

/** Those of the kernel's own: their directories and files are recorded as empty, as casync does. */
const VIRTUAL: ReadonlySet<bigint> = new Set([
  0x42494e4dn, // binfmt_misc
  0x63677270n, // cgroup2
  0x27e0ebn, // cgroup
  0x62656570n, // configfs
  0x64626720n, // debugfs
  0x1cd1n, // devpts
  0xde5e81e4n, // efivarfs
  0x65735543n, // fusectl
  0x958458f6n, // hugetlbfs
  0x19800202n, // mqueue
  0x6e667364n, // nfsd
  0x9fa0n, // proc
  0x6165676cn, // pstore
  0x67596969n, // rpc_pipefs
  0x73636673n, // securityfs
  0xf97cff8cn, // selinuxfs
  0x43415d53n, // smackfs
  0x62656572n, // sysfs
]);

/** Whether its content is made up by the kernel as one looks. */
export function isVirtual(fileSystem: bigint): boolean {
  return VIRTUAL.has(BigInt.asUintN(32, fileSystem));
}

/** Whether it is memory alone. */
export function isMemory(fileSystem: bigint): boolean {
  const kind = BigInt.asUintN(32, fileSystem);
  return kind === FILE_SYSTEM.tmpfs || kind === FILE_SYSTEM.ramfs;
}

/** Small trees, each with one thing that an archive can hold. Making them takes root on Linux. */

import { type AclRow, CHATTR, makeSocket, setAcl, setChattr, setXattr } from "../system/attributes.ts";
import { run } from "../process.ts";
import { Random } from "../random.ts";

/** Fills a directory. */
type MakeTree = (root: string) => void | Promise<unknown>;

function write(path: string, content = "text"): string {
  Deno.writeTextFileSync(path, content);
  return path;
}

function folder(path: string): string {
  Deno.mkdirSync(path);
  return path;
}

/** An access list of a file. */
const listed = (...rows: AclRow[]): MakeTree => (root) => setAcl(write(`${root}/file`), "access", rows);

/** The default access list of a directory. */
const inherited = (...rows: AclRow[]): MakeTree => (root) =>
  setAcl(folder(`${root}/folder`), "default", rows);

/** Two users' files, all modes, files of all sizes, directories in directories. */
const plain: MakeTree = (root) => {
  for (const path of ["sub", "sub/deep", "many", "empty"]) folder(`${root}/${path}`);
  Deno.writeFileSync(`${root}/big`, new Random(2).bytes(700_000));
  write(`${root}/nothing`, "");
  write(`${root}/sub/deep/grüße 世界`);
  for (let i = 0; i < 40; i++) write(`${root}/many/file-${i}`, `file ${i}`);
  for (const [name, mode] of [["read-only", 0o444], ["script", 0o755], ["setuid", 0o6755]] as const) {
    write(`${root}/${name}`);
    Deno.chownSync(`${root}/${name}`, 12345, 54321);
    Deno.chmodSync(`${root}/${name}`, mode);
  }
  Deno.chmodSync(`${root}/many`, 0o1777);
};

const symlinks: MakeTree = (root) => {
  Deno.symlinkSync("nowhere", `${root}/link`);
  return run("chown", ["-h", "1:2", `${root}/link`]);
};

const [owner, group, others, mask] = [[1, 6], [4, 4], [32, 4], [16, 6]] as const;

/** By what is in them. */
export const featureTrees: Readonly<Record<string, MakeTree>> = {
  "files and directories: modes, owners, times": plain,
  "symlinks": symlinks,
  "hard links": (root) => Deno.linkSync(write(`${root}/file`), `${root}/again`),
  "devices": async (root) => {
    await run("mknod", [`${root}/null`, "c", "1", "3"]);
    await run("mknod", [`${root}/block`, "b", "259", "300000"]);
  },
  "pipes": (root) => run("mkfifo", [`${root}/pipe`]),
  "sockets": (root) => makeSocket(`${root}/socket`),
  "times before 1970": (root) => run("touch", ["-d", "1960-01-01 00:00:00.5", write(`${root}/file`)]),
  "times after 2262": (root) => run("touch", ["-d", "2300-01-01 00:00:00.5", write(`${root}/file`)]),
  "attributes": (root) => setXattr(write(`${root}/file`), "user.note", "value"),
  "attributes without a value": (root) => setXattr(write(`${root}/file`), "user.note", ""),
  "access lists": listed(owner, [2, 6, 1], group, [8, 4, 60], mask, others),
  "access lists, users without a name": listed(owner, [2, 6, 4242], group, mask, others),
  "default access lists of directories": inherited(owner, group, others),
  "default access lists with users": inherited(owner, [2, 6, 2], group, mask, others),
  "file capabilities": (root) => {
    const value = Uint8Array.from([1, 0, 0, 2, 0, 32, ...new Uint8Array(14)]);
    setXattr(write(`${root}/file`), "security.capability", value);
  },
  "SELinux labels": (root) =>
    setXattr(write(`${root}/file`), "security.selinux", "system_u:object_r:etc_t:s0\0"),
  "chattr's flags": (root) => {
    setChattr(write(`${root}/file`), CHATTR.noatime | CHATTR.sync);
  },
};

/** Makes the tree with these things in it, all of it with one time unless a thing has its own. */
export async function makeFeatureTree(root: string, features: string[], time = "12:34:56.123456789") {
  Deno.mkdirSync(root, { recursive: true });
  for (const feature of features) await featureTrees[feature](root);
  // What was made just now, and not what has a time of its own.
  const recent = ["-newermt", "2000-01-01", "!", "-newermt", "2200-01-01"];
  await run("find", [root, ...recent, "-exec", "touch", "-h", "-d", `2024-01-17 ${time}`, "{}", "+"]);
}

/** A directory with every kind of node and every attribute that an archive can hold. */

import { type AclRow, CHATTR, makeSocket, setAcl, setChattr, setXattr } from "../system/attributes.ts";
import { run } from "../process.ts";
import { Random } from "../random.ts";

/** What not every program can restore. */
export interface RichTreeOptions {
  /** Times before 1970: casync 2 cannot restore them. */
  readonly oldTimes?: boolean;
  /** Immutable and append-only files: have to be undone before the tree can be removed. */
  readonly locked?: boolean;
}

/** Fills the directory. Takes root on Linux. */
export async function makeRichTree(root: string, options: RichTreeOptions = {}): Promise<void> {
  const { oldTimes = true, locked = false } = options;
  const at = (name: string) => `${root}/${name}`;
  const write = (name: string, content: string | Uint8Array = name) => {
    Deno.writeFileSync(at(name), typeof content === "string" ? new TextEncoder().encode(content) : content);
    return at(name);
  };
  for (const directory of ["sub/deep/er", "many", "empty", "dumpless"]) {
    Deno.mkdirSync(at(directory), { recursive: true });
  }

  const noted = write("noted");
  setXattr(noted, "user.note", "value");
  setXattr(noted, "user.empty", "");
  setXattr(noted, "user.\u00fcber", Uint8Array.of(0, 1, 255));
  setXattr(noted, "trusted.secret", new Random(1).bytes(1500));
  setXattr(write("caps"), "security.capability", Uint8Array.from([1, 0, 0, 2, 0, 32, ...new Uint8Array(14)]));
  setXattr(at("caps"), "security.selinux", "system_u:object_r:etc_t:s0\0");
  setXattr(at("caps"), "user.and", "more");

  write("setuid");
  Deno.chownSync(at("setuid"), 12345, 54321);
  Deno.chmodSync(at("setuid"), 0o6755);
  write("big", new Random(2).bytes(700_000));
  write("nothing", "");
  write("sub/deep/er/grüße 世界");
  write(".hidden");
  write("a\nline");
  write("read-only");
  Deno.chmodSync(at("read-only"), 0o444);
  for (let i = 0; i < 60; i++) write(`many/file-${i}`);
  Deno.chmodSync(at("many"), 0o1777);
  Deno.chmodSync(at("empty"), 0o2000);

  write("listed");
  Deno.chownSync(at("listed"), 8, 60);
  const groups: AclRow[] = [[4, 4], [8, 1, 60], [8, 7, 999]];
  setAcl(at("listed"), "access", [[1, 6], [2, 6, 1], [2, 4, 4242], ...groups, [16, 7], [32, 4]]);
  write("masked");
  setAcl(at("masked"), "access", [[1, 7], [4, 5], [16, 4], [32, 0]]);
  setAcl(at("sub"), "default", [[1, 7], [2, 6, 2], [4, 5], [8, 7, 12], [16, 7], [32, 1]]);
  setAcl(at("sub"), "access", [[1, 7], [4, 5], [8, 5, 1], [16, 5], [32, 5]]);

  await run("mknod", [at("null"), "c", "1", "3"]);
  await run("mknod", [at("block"), "b", "259", "300000"]);
  makeSocket(at("socket"));
  await run("mkfifo", [at("fifo")]);
  setAcl(at("fifo"), "access", [[1, 6], [2, 6, 7], [4, 4], [16, 6], [32, 4]]);
  Deno.symlinkSync("noted", at("link"));
  Deno.symlinkSync("/nowhere/at/all", at("sub/dangling"));
  await run("chown", ["-h", "1:2", at("link")]);
  setXattr(at("link"), "security.selinux", "system_u:object_r:link_t:s0\0");
  // Two names for one file.
  Deno.linkSync(at("noted"), at("noted-again"));

  setChattr(write("nodump"), CHATTR.nodump);
  write("dumpless/inside");
  setChattr(at("dumpless"), CHATTR.nodump);
  setChattr(at("sub/deep"), CHATTR.noatime | CHATTR.sync);
  if (locked) { for (const name of ["immutable", "append-only"]) write(name); }

  write(".caexclude", "# left out\n*.o\n!keep.o\nonly/\n/top.txt\nsub/deep/x*\n[a-c]?z\n");
  for (const name of ["a.o", "keep.o", "top.txt", "sub/top.txt", "sub/b.o", "bxz", "sub/axz"]) write(name);
  for (const name of ["sub/deep/x1", "sub/deep/y1", "sub/deep/er/.x.o", "many/only"]) write(name);
  Deno.mkdirSync(at("only"));
  write("only/inside");
  write("sub/.caexclude", "!b.o\nf*\n");
  write("sub/ff");

  await run("find", [root, "-exec", "touch", "-h", "-d", "2024-01-17 12:34:56.123456789", "{}", "+"]);
  if (oldTimes) await run("touch", ["-d", "1960-01-01 00:00:00.000000123", at("sub/top.txt")]);
  await run("touch", ["-h", "-d", "2055-01-01 00:00:00.999999999", at("link")]);
  if (!locked) return;
  setChattr(at("immutable"), CHATTR.immutable);
  setChattr(at("append-only"), CHATTR.append);
}

/** Makes what is locked removable. */
export function unlockTree(root: string): void {
  for (const name of ["immutable", "append-only"]) {
    try {
      setChattr(`${root}/${name}`, 0);
    } catch {
      // It is not there.
    }
  }
}

/** A name that is not UTF-8, in a directory: Deno cannot make one. */
export async function makeOddName(directory: string): Promise<void> {
  await run("sh", ["-c", 'printf x >"$(printf "$1/bad\\377name")"', "sh", directory]);
}

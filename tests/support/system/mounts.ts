/** File systems of a test's own, that are small or read-only. Making them takes root on Linux. */

import { hasLoopDevices } from "./loop_device.ts";
import { peers } from "../peers.ts";
import { run, runAny, type RunOptions, type RunResult } from "../process.ts";

/** Whether {@linkcode mountTmpfs} works here. */
export const canMount: boolean = Deno.build.os === "linux" && Deno.uid() === 0 && mounts();

function mounts(): boolean {
  if (peers.mount === undefined || peers.umount === undefined) return false;
  const directory = Deno.makeTempDirSync({ prefix: "desync-test-" });
  try {
    const mount = new Deno.Command(peers.mount, { args: ["-t", "tmpfs", "none", directory], stderr: "null" });
    if (!mount.outputSync().success) return false;
    return new Deno.Command(peers.umount, { args: [directory] }).outputSync().success;
  } catch {
    return false;
  } finally {
    Deno.removeSync(directory);
  }
}

/** Whether {@linkcode runAmongMounts} works here. */
export const canMountPrivately: boolean = canMount && peers.unshare !== undefined &&
  new Deno.Command(peers.unshare, { args: ["--mount", "true"], stderr: "null" }).outputSync().success;

/** Runs a shell script, `$1` and so on being the words, that sees mounts of its own: they go when it ends. */
export function runAmongMounts(
  script: string,
  words: readonly string[],
  options?: RunOptions,
): Promise<RunResult> {
  return runAny(peers.unshare!, ["--mount", "sh", "-euc", script, "sh", ...words], options);
}

/** Whether {@linkcode mountNew} works here. */
export const canMountDevices: boolean = canMount && hasLoopDevices && peers["mkfs.ext4"] !== undefined;

/** Tries to unmount what is busy, a tenth of a second after each other. */
const BUSY_TRIES = 200;

/** A mounted file system, unmounted when it is disposed of. */
export class Mount implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async makeReadOnly(): Promise<void> {
    await run(peers.mount, ["-o", "remount,ro", this.path]);
  }

  /** Waits while it is busy: a program of another test with mounts of its own has it, and what it holds, until it ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0; tries < BUSY_TRIES; tries++) {
      const { code, stderr } = await runAny(peers.umount!, [this.path], { env: { LC_ALL: "C" } });
      if (code === 0) return;
      if (!/busy/.test(stderr)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await run(peers.umount, [this.path]);
  }
}

/** Mounts one of `size` (as `64k`) over the directory. */
export async function mountTmpfs(directory: string, size: string): Promise<Mount> {
  await run(peers.mount, ["-t", "tmpfs", "-o", `size=${size}`, "none", directory]);
  return new Mount(directory);
}

/** File systems whose files can share blocks, and bytes that the smallest of them need. */
export const sharingFileSystems: ReadonlyMap<string, number> = new Map([
  ["xfs", 300 << 20],
  ["btrfs", 256 << 20],
]);

/** Whether {@linkcode mountSharing} works here for that file system. */
export function canMountSharing(kind: string): boolean {
  if (!canMount || !hasLoopDevices || mkfs(kind) === undefined) return false;
  return Deno.readTextFileSync("/proc/filesystems").split(/\s+/).includes(kind);
}

function mkfs(kind: string): string | undefined {
  return kind === "xfs" ? peers["mkfs.xfs"] : peers["mkfs.btrfs"];
}

/** The same for a file system of that kind in a new file. */
export async function mountSharing(kind: string, file: string, directory: string): Promise<Mount> {
  Deno.writeTextFileSync(file, "");
  Deno.truncateSync(file, sharingFileSystems.get(kind));
  await run(mkfs(kind), ["-q", ...kind === "xfs" ? ["-m", "reflink=1"] : [], file]);
  await run(peers.mount, ["-o", "loop", file, directory]);
  return new Mount(directory);
}

/** Makes a file system on a block device and mounts it over the directory; `options` are those of mount. */
export async function mountNew(device: string, directory: string, options = "rw"): Promise<Mount> {
  await run(peers["mkfs.ext4"], ["-q", device]);
  await run(peers.mount, ["-o", options, device, directory]);
  return new Mount(directory);
}

/** A file as a block device. Making one takes root on Linux. */

import { peers } from "../peers.ts";
import { run } from "../process.ts";

/** Whether {@linkcode attachLoopDevice} works here. */
export const hasLoopDevices: boolean = Deno.build.os === "linux" && Deno.uid() === 0 && findsOne();

function findsOne(): boolean {
  if (peers.losetup === undefined) return false;
  try {
    const found = new Deno.Command(peers.losetup, { args: ["-f"], stderr: "null" }).outputSync();
    return found.success &&
      Deno.statSync(new TextDecoder().decode(found.stdout).trim()).isBlockDevice === true;
  } catch {
    return false;
  }
}

/** The device of a file, detached when it is disposed of. */
export class LoopDevice implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run(peers.losetup, ["-d", this.path]);
  }
}

/** Attaches the file, whose size should be whole sectors of 512 bytes. */
export async function attachLoopDevice(file: string): Promise<LoopDevice> {
  const { stdout } = await run(peers.losetup, ["-f", "--show", file]);
  return new LoopDevice(stdout.trim());
}

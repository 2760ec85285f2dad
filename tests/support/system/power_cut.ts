/** A disk that can lose its power: what was not written to it by then is gone. Making one takes root on Linux. */

import { attachLoopDevice, type LoopDevice } from "./loop_device.ts";
import { canMountDevices, type Mount, mountNew } from "./mounts.ts";
import { peers } from "../peers.ts";
import { run } from "../process.ts";
import type { TempDir } from "../temp.ts";

/** Whether {@linkcode FailingDisk} works here. */
export const canCutPower: boolean = canMountDevices && peers.unshare !== undefined;

/** Small, so that it is copied quickly, and large enough for a journal. */
const BYTES = 48 * 1024 * 1024;

/** A file system in a file, of which nothing is written before somebody asks for it. */
export class FailingDisk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  readonly #dir: TempDir;
  readonly #image: string;
  readonly #device: LoopDevice;
  readonly #mount: Mount;
  #cuts = 0;

  private constructor(dir: TempDir, image: string, device: LoopDevice, mount: Mount) {
    this.path = mount.path;
    this.#dir = dir;
    this.#image = image;
    this.#device = device;
    this.#mount = mount;
  }

  /** Makes one in the directory; its bytes are in the file `image` of it. */
  static async make(dir: TempDir, image = dir.path("disk")): Promise<FailingDisk> {
    Deno.writeFileSync(image, new Uint8Array());
    Deno.truncateSync(image, BYTES);
    const device = await attachLoopDevice(image);
    // The system writes by itself what is older than the time between two commits.
    try {
      const mount = await mountNew(device.path, dir.dir("mounted"), "commit=300");
      return new FailingDisk(dir, image, device, mount);
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * The directory with what is there when the power goes now and comes again: the disk as it is, mounted as after a
   * crash. The disk itself goes on.
   */
  async afterPowerCut(): Promise<string> {
    const copy = this.#dir.path(`cut-${this.#cuts}`);
    await run("cp", ["--sparse=always", this.#image, copy]);
    const [mounted, found] = [this.#dir.dir("recovered"), this.#dir.dir(`found-${this.#cuts++}`)];
    const script = 'mount -o loop "$1" "$2" && cp -a "$2/." "$3"';
    await run(peers.unshare, ["-m", "sh", "-c", script, "sh", copy, mounted, found]);
    Deno.removeSync(copy);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mount[Symbol.asyncDispose]();
    await this.#device[Symbol.asyncDispose]();
  }
}

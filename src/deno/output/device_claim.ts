/** A block device that is written to, kept from being mounted meanwhile, as mkfs does. */
import { DesyncError } from "../../core/errors.ts";
import { JobLibc, systemErrorOf, terminatedText } from "../system/libc.ts";
import { OPEN } from "../system/linux.ts";
import { isBlockDevice } from "./output_checks.ts";

/**
 * Claims what is at the path if it is a block device, until that is disposed of. Throws `io` when it is mounted or in use
 * otherwise.
 *
 * @param wayOut what the user can do about it
 */
export function claimDevice(path: string, wayOut: string): Disposable | undefined {
  return isBlockDevice(path) ? new DeviceClaim(path, wayOut) : undefined;
}

class DeviceClaim implements Disposable {
  readonly #job = new JobLibc();
  #fd = -1;

  /** Without foreign functions, and on other systems than Linux, nothing is claimed. */
  constructor(path: string, wayOut: string) {
    const { libc } = this.#job;
    if (libc === null) return;
    // Without O_CREAT this claims the device: the system refuses it while another has it.
    this.#fd = libc.open(terminatedText(path), OPEN.writeOnly | OPEN.exclusive | OPEN.closeOnExec);
    if (this.#fd >= 0) return;
    const error = systemErrorOf(libc);
    this.#job[Symbol.dispose]();
    if (error.code !== "EBUSY") throw error;
    throw new DesyncError("io", {
      action: "write",
      subject: path,
      reason: "the device is mounted or otherwise in use",
      hint: wayOut,
    });
  }

  [Symbol.dispose](): void {
    const { libc } = this.#job;
    if (libc === null) return;
    libc.close(this.#fd);
    this.#job[Symbol.dispose]();
  }
}

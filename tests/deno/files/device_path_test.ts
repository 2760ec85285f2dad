import { strictEqual } from "node:assert/strict";
import { isDevicePath } from "../../../src/deno/files/device_path.ts";

Deno.test({
  name: "devices are distinguished from files, and /dev/shm holds files",
  ignore: Deno.build.os === "windows",
  fn: () => {
    for (
      const path of [
        "/dev/stdout",
        "/dev/sda",
        "/proc/self/fd/1",
        "/tmp/../dev/null",
        "/dev/shm",
        "/dev/shmx",
      ]
    ) {
      strictEqual(isDevicePath(path), true, path);
    }
    for (
      const path of [
        "/dev/shm/image",
        "/proc/self/fd/7/image",
        "/tmp/dev/x",
        "dev/x",
        "/device/x",
        "/home/proc/x",
      ]
    ) {
      strictEqual(isDevicePath(path), false, path);
    }
  },
});

/** Paths below which files are not what they seem. */
import { resolve } from "../system/paths.ts";

/**
 * Whether the path is a device or a window into the kernel, such as `/dev/stdout`: renaming something over it would
 * take it away from all users. `/dev/shm` holds ordinary files, and so does an open directory.
 */
export function isDevicePath(path: string): boolean {
  return /^\/(dev(?!\/shm\/)|proc(?!\/self\/fd\/\d+\/))\//.test(resolve(path));
}

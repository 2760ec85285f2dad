/** Files with which users prove to servers who they are. */
import { environment } from "../system/permitted.ts";
import { node } from "../system/node.ts";

/** The user's directory, empty where it is not known. */
export function homeDirectory(): string {
  return environment(Deno.build.os === "windows" ? "USERPROFILE" : "HOME");
}

/** Whether others than its owner can read the file, as far as the system has modes. Throws what the system says. */
export function isOpenToOthers(path: string): boolean {
  return Deno.build.os !== "windows" && (node.fs.statSync(path).mode & 0o044) !== 0;
}

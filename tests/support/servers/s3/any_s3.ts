/** An S3 service for tests that take any: Swift, or s3rver where that is not installed. */
import { repository } from "../../process.ts";
import { tempDir } from "../../temp.ts";
import { Daemon } from "../daemon.ts";
import { freePort, listening } from "../ports.ts";
import { S3Service } from "./s3_service.ts";
import { canStartSwift, startSwift } from "./swift.ts";

/** Whether one can be started. */
export const canStartS3: boolean = Deno.build.os !== "windows";

/** Starts one. */
export async function startS3(): Promise<S3Service> {
  return canStartSwift ? await startSwift() : await startS3rver();
}

/** s3rver checks signatures as well, and has its objects in files: not every key can be one. */
async function startS3rver(): Promise<S3Service> {
  const dir = tempDir();
  const port = freePort();
  const program = `${repository}tests/support/programs/s3rver.ts`;
  // Its many packages are not this project's.
  const args = ["run", "-A", "--no-lock", program, String(port), dir.root];
  const daemon = new Daemon(Deno.execPath(), args);
  await listening(daemon, port);
  return new S3Service(port, "S3RVER", "S3RVER", async () => {
    await daemon.stop();
    dir[Symbol.dispose]();
  });
}

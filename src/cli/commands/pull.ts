/** `desync pull - - - STORE` */
import { DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import { DesyncError } from "../../errors.ts";
import { nativeCodec } from "../../deno/native_codec.ts";
import { serveChunks } from "../../jobs/serve_protocol.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { warn } from "../output.ts";

/** Serves until the client is done. Being told to stop is a good end too. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const location = args[3];
  if (args.slice(0, 3).some((word) => word !== "-")) {
    throw new DesyncError(
      "usage",
      "Cannot serve archives or indexes, chunks alone (call it as `desync pull - - - STORE`)",
    );
  }
  await using locator = new Locator(flags);
  await serveChunks(locator.store(location), Deno.stdin.readable, Deno.stdout.writable, {
    codec: nativeCodec,
    compress: (bytes) => nativeCodec.compress(bytes, DEFAULT_ZSTD_LEVEL),
    onProblem: warn,
    idleTimeoutMs: flags.timeout,
    signal,
  });
  return DONE;
}

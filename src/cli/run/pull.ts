/** `desync pull - - - STORE` */
import { DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import { DesyncError } from "../../core/errors.ts";
import { filePieces } from "../../deno/files/file_pieces.ts";
import { nativeCodec } from "../../deno/codec/native_codec.ts";
import { type AnswerOutput, serveInto } from "../../jobs/serve_protocol.ts";
import type { Args, Flags } from "../commands/pull.ts";
import { DONE } from "../exit_status.ts";
import { Locator } from "../locator.ts";
import { printPieces, warn } from "../output/output.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { isPath } from "../../stores/location.ts";

/** Serves until the client is done. A request to stop also counts as success. */
export async function run(
  { base, archive, index, store: location }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  if ([base, archive, index].some((word) => word !== "-")) {
    throw new DesyncError("usage", {
      action: "serve",
      subject: "archives or indexes",
      reason: "only chunks are served",
      hint: "call it as `desync pull - - - STORE`",
    });
  }
  if (!isPath(location) && !flags.allowUrl) {
    // A forced command may pass on what a client says, who would reach what this host reaches.
    throw new DesyncError("usage", {
      action: "serve",
      subject: redactLocation(location),
      reason: "it is not a directory of this machine",
      hint: "--allow-url serves others",
    });
  }
  await using locator = new Locator(flags);
  const input = ReadableStream.from(filePieces(undefined, signal));
  const output: AnswerOutput = {
    write: (pieces) => printPieces(pieces, signal),
    close: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  };
  await serveInto(await locator.store(location), input, output, {
    codec: nativeCodec,
    compress: (bytes) => nativeCodec.compress(bytes, DEFAULT_ZSTD_LEVEL),
    verifyReads: !flags.skipVerifyRead,
    onProblem: warn,
    idleTimeoutMs: flags.timeout,
    signal,
  });
  return DONE;
}

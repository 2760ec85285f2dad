/** What the native codec makes of bytes, and what it leaves to the garbage collector. */
import { equal, ok, throws } from "node:assert/strict";
import { constants, zstdCompressSync, type ZstdOptions } from "node:zlib";
import { DEFAULT_ZSTD_LEVEL } from "../../../src/codec/codec.ts";
import { concat, fromHex } from "../../../src/core/bytes.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { hasZstd } from "../../support/data/zstd.ts";

const [WARM_UP, FRAMES, BATCH] = [2000, 6000, 200];
/** A decoder that is not closed keeps 20 KiB and more, which are 120 MiB. */
const MAX_GROWTH = 48 * 1024 * 1024;

Deno.test("damaged zstd frames leave no decoder behind", async () => {
  // The table of a compressed block is invalid, which shows once the decoder has allocated its memory.
  const frame = fromHex(
    "28b52ffd0000f500001f8b08a07468652073616d6520616761696e20616e642c200200f37b56ad430903",
  );
  const decodeAll = async (count: number) => {
    for (let i = 0; i < count; i++) {
      throws(() => nativeCodec.decompress("zstd", frame, 100), { code: "invalid-chunk" });
      // As between the chunks of a store.
      if (i % BATCH === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return Deno.memoryUsage().rss;
  };
  const before = await decodeAll(WARM_UP);
  const growth = await decodeAll(FRAMES) - before;
  ok(growth < MAX_GROWTH, `${growth} bytes more`);
});

Deno.test({
  name: "the default level makes no more than 2 % more of English text than zstd does",
  ignore: !hasZstd,
  fn: async () => {
    const pages = ["README.md", "CHANGELOG.md", "docs/operations.md", "docs/architecture.md"];
    const texts = await Promise.all(
      pages.map((page) => Deno.readFile(new URL(`../../../${page}`, import.meta.url))),
    );
    const text = concat(texts);
    for (const size of [30_000, 70_000, 100_000]) {
      const bytes = text.subarray(0, size);
      equal(bytes.length, size);
      const options: ZstdOptions & { pledgedSrcSize: number } = {
        params: { [constants.ZSTD_c_compressionLevel]: DEFAULT_ZSTD_LEVEL },
        pledgedSrcSize: bytes.length,
      };
      const zstds = zstdCompressSync(bytes, options).length;
      const ours = nativeCodec.compress(bytes, DEFAULT_ZSTD_LEVEL).length;
      ok(ours <= 1.02 * zstds, `${ours} bytes of ${bytes.length}, where zstd makes ${zstds}`);
    }
  },
});

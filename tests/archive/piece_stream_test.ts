/** Streams of pieces: no faster than they are read, and over when they are cancelled. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { pieceStream } from "../../src/archive/piece_stream.ts";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("a stream of pieces is made no faster than it is read", async () => {
  let made = 0;
  const { readable, done } = pieceStream(async (sink) => {
    for (; made < 100; made++) {
      await sink.room();
      sink.emit(Uint8Array.of(made));
    }
    return "all";
  });
  await turn();
  ok(made < 20, `${made} pieces before any is read`);
  const bytes = await new Response(readable).bytes();
  deepStrictEqual([...bytes], Array.from({ length: 100 }, (_, i) => i));
  strictEqual(await done, "all");
});

Deno.test("a stream of pieces has the error of its making", async () => {
  const error = new Error("it ends here");
  const { readable, done } = pieceStream((sink) => {
    sink.emit(Uint8Array.of(1));
    return Promise.reject(error);
  });
  await rejects(new Response(readable).bytes(), error);
  await rejects(done, error);
});

Deno.test("who stops reading a stream of pieces continues when its making has ended", async () => {
  let isOpen = true;
  const { readable, done } = pieceStream(async (sink) => {
    try {
      while (true) {
        sink.emit(Uint8Array.of(1));
        await sink.room();
      }
    } finally {
      await turn(); // as a file is closed
      isOpen = false;
    }
  });
  for await (const _ of readable) break;
  strictEqual(isOpen, false);
  await rejects(done, { code: "interrupted" });
});

Deno.test("a making that waits for input which never comes does not hold up who stops reading", async () => {
  const { readable } = pieceStream((sink) => {
    sink.emit(Uint8Array.of(1));
    return new Promise(() => {});
  });
  for await (const _ of readable) break;
});

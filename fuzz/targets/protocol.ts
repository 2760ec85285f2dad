/** Messages of the casync protocol. */
import { ok } from "node:assert/strict";
import { concat } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { encodeMessage, type Message, MessageDecoder } from "../../src/formats/protocol.ts";
import { assertSame } from "../same.ts";
import { inPieces, type Target, words } from "../target.ts";

const ID = "ab".repeat(32);

function split(input: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  for (let at = 0; at < input.length;) {
    const size = at + 16 <= input.length ? Number(view.getBigUint64(at, true)) : Infinity;
    const end = size >= 16 && at + size <= input.length ? at + size : input.length;
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** All messages and the error behind them. */
function decode(
  pieces: readonly Uint8Array[],
): { messages: Message[]; error?: DesyncError; pending: number } {
  const decoder = new MessageDecoder();
  const messages: Message[] = [];
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      for (let message = decoder.next(); message !== null; message = decoder.next()) messages.push(message);
    }
    return { messages, pending: decoder.pending };
  } catch (error) {
    if (error instanceof DesyncError) return { messages, error, pending: decoder.pending };
    throw error;
  }
}

export const protocol: Target = {
  name: "protocol",
  codes: ["protocol"],
  seeds: () => {
    const messages: Message[] = [
      { type: "hello", flags: 0x41n },
      { type: "request", highPriority: true, ids: [ID, "00".repeat(32)] },
      { type: "chunk", id: ID, compressed: true, bytes: words("content")[0] },
      { type: "missing", id: ID },
      { type: "abort", errorNumber: 2, reason: "no such \x1b[31mfile\n" },
      { type: "data", of: "index", bytes: words("index")[0] },
      { type: "data-end", of: "index" },
      { type: "data", of: "archive", bytes: new Uint8Array(0) },
      { type: "data-end", of: "archive" },
      { type: "goodbye" },
    ];
    return [...messages.map(encodeMessage), concat(messages.map(encodeMessage))];
  },
  split,
  check(input) {
    const whole = decode([input]);
    const pieces = decode(inPieces(input));
    assertSame(pieces.messages, whole.messages);
    assertSame(pieces.error?.message, whole.error?.message);
    for (const message of whole.messages) {
      const [again] = decode([encodeMessage(message)]).messages;
      // Half a character at the end of a reason is one that stands for it, which is longer.
      if (message.type !== "abort") assertSame(again, message);
      if (message.type === "chunk") {
        ok(message.bytes.buffer.byteLength <= input.length, "more bytes than came");
      }
    }
    if (whole.error !== undefined) throw whole.error;
    assertSame(pieces.pending, whole.pending);
    return `${whole.messages.at(-1)?.type} ${Math.min(whole.messages.length, 2)} ${whole.pending > 0}`;
  },
};

/** Answers of SFTP servers. */
import { ok } from "node:assert/strict";
import { concat, viewOf } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import {
  limitsIn,
  type SftpAnswer,
  SftpDecoder,
  stringField,
  u32Field,
  u64Field,
} from "../../src/stores/sftp/sftp_packets.ts";
import { assertSame } from "../same.ts";
import { inPieces, type Target, words } from "../target.ts";

function packet(type: number, ...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = concat([Uint8Array.of(type), ...fields]);
  return concat([u32Field(body.length), body]);
}

function split(input: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const view = viewOf(input);
  for (let at = 0; at < input.length;) {
    const size = at + 4 <= input.length ? 4 + view.getUint32(at) : Infinity;
    const end = at + size <= input.length ? at + size : input.length;
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** All answers and the error behind them. */
function decode(pieces: readonly Uint8Array[]): {
  answers: SftpAnswer[];
  error?: DesyncError;
  pending: number;
} {
  const decoder = new SftpDecoder();
  const answers: SftpAnswer[] = [];
  try {
    for (const piece of pieces) {
      decoder.push(piece);
      for (let answer = decoder.next(); answer !== null; answer = decoder.next()) {
        if (answer.type === "extended") limitsIn(answer.bytes);
        answers.push(answer);
      }
    }
    return { answers, pending: decoder.pending };
  } catch (error) {
    if (error instanceof DesyncError) return { answers, error, pending: decoder.pending };
    throw error;
  }
}

const id = u32Field(7);
const attributes = [
  u32Field(0x8000000f),
  u64Field(5),
  u32Field(0),
  u32Field(0),
  u32Field(0o100644),
  u32Field(1),
];
const withMore = [...attributes, u32Field(2), u32Field(1), stringField("a@b"), stringField("c")];

/** Without the map. */
function comparable(answer: SftpAnswer): unknown {
  return answer.type === "version" ? { ...answer, extensions: [...answer.extensions] } : answer;
}

export const sftp: Target = {
  name: "sftp",
  codes: ["protocol"],
  words: words("limits@openssh.com", "posix-rename@openssh.com", "\0\0\0\0", "\xff\xff\xff\xff"),
  seeds: () => {
    const packets = [
      packet(2, u32Field(3), stringField("limits@openssh.com"), stringField("1")),
      packet(101, id, u32Field(4), stringField("Failure"), stringField("")),
      packet(101, id, u32Field(1)),
      packet(102, id, stringField("handle")),
      packet(103, id, stringField("content")),
      packet(
        104,
        id,
        u32Field(2),
        stringField("a"),
        stringField("-rw a"),
        u32Field(0),
        stringField("b"),
        id,
        ...withMore,
      ),
      packet(105, id, ...withMore),
      packet(201, id, u64Field(262144), u64Field(261120), u64Field(261120), u64Field(0)),
    ];
    return [...packets, concat(packets)];
  },
  split,
  check(input) {
    const whole = decode([input]);
    const pieces = decode(inPieces(input));
    assertSame(pieces.answers.map(comparable), whole.answers.map(comparable));
    assertSame(pieces.error?.message, whole.error?.message);
    for (const answer of whole.answers) {
      if (answer.type === "data") ok(answer.bytes.length <= input.length, "more bytes than came");
      if (answer.type === "names") ok(answer.entries.length * 12 <= input.length, "more names than came");
    }
    if (whole.error !== undefined) throw whole.error;
    assertSame(pieces.pending, whole.pending);
    return `${whole.answers.at(-1)?.type} ${Math.min(whole.answers.length, 2)} ${whole.pending > 0}`;
  },
};

/** Runs one input and says whether the decoder has kept its promises. */
import { DesyncError } from "../src/core/errors.ts";
import { allocatedBytes } from "./allocations.ts";
import type { Target } from "./target.ts";

/** What became of an input. */
export interface Outcome {
  /** How it went, the same for inputs that go the same way. */
  readonly shape: string;
  /** What must not be, on one line. */
  readonly failure?: string;
}

const MIB = 1024 * 1024;
/** What would do things to a terminal, or break the line. */
const UNCLEAN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** No message is longer. */
const MAX_MESSAGE = 2000;

/** Has the target decode the input. */
export async function judge(target: Target, input: Uint8Array): Promise<Outcome> {
  const before = allocatedBytes();
  const outcome = await decode(target, input);
  const allowed = (target.freeBytes ?? MIB) + 64 * input.length;
  const allocated = allocatedBytes() - before;
  if (outcome.failure !== undefined || allocated <= allowed) return outcome;
  return { shape: "memory", failure: `${allocated} bytes are allocated for an input of ${input.length}` };
}

async function decode(target: Target, input: Uint8Array): Promise<Outcome> {
  try {
    return { shape: await target.check(input) };
  } catch (error) {
    if (!(error instanceof DesyncError)) return failed(error instanceof Error ? error.stack : error);
    const { code, message } = error;
    if (!target.codes.includes(code)) return failed(`unexpected code ${code}: ${message}`);
    if (UNCLEAN.test(message)) return failed(`a message that is not clean: ${message}`);
    if (message === "" || message.length > MAX_MESSAGE) {
      return failed(`a message of ${message.length} characters`);
    }
    return { shape: shapeOf(`${code}: ${message}`) };
  }
}

function failed(what: unknown): Outcome {
  const failure = JSON.stringify(String(what).slice(0, 2000)).slice(1, -1);
  return { shape: shapeOf(failure), failure };
}

/** A message without what it quotes. */
function shapeOf(message: string): string {
  return message.slice(0, 300).replaceAll(/"(?:[^"\\]|\\.)*"?/g, '""').replaceAll(/0x[0-9a-f]+|\d+/g, "#")
    .slice(
      0,
      120,
    );
}

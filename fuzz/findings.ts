/** Inputs that have shown what must not be: made small, saved, and printed with what shows them again. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Child, ChildLost } from "./child.ts";
import { concat } from "../src/core/bytes.ts";

/** Where they are saved: git ignores it. */
const DIRECTORY = ".cache/fuzz";
/** Tries to make one smaller. */
const TRIES = 400;

/** Shapes of what takes long to be seen again. */
const SLOW: readonly string[] = ["hangs", "ends", "time"];

/** What an input has shown. */
export interface Finding {
  readonly input: Uint8Array;
  readonly shape: string;
  readonly what: string;
}

/** Runs one input in a process of its own. `undefined` when nothing is wrong with it. */
export async function runAlone(name: string, input: Uint8Array): Promise<Finding | undefined> {
  const lost = await findLost(name, [input]);
  if (lost !== undefined) return lost;
  await using child = new Child(name);
  const { failures: [failure] } = await child.run([input]);
  return failure && { ...failure, input };
}

/** The first of the inputs that ends the process or hangs when it is run by itself. */
export async function findLost(name: string, inputs: readonly Uint8Array[]): Promise<Finding | undefined> {
  await using child = new Child(name);
  for (const input of inputs) {
    try {
      await child.run([input]);
    } catch (error) {
      if (!(error instanceof ChildLost)) throw error;
      return { input, shape: error.late ? "hangs" : "ends", what: error.message };
    }
  }
  return undefined;
}

/** The same with as few bytes as are found quickly. */
export async function smaller(name: string, finding: Finding): Promise<Finding> {
  if (SLOW.includes(finding.shape)) return finding;
  await using child = new Child(name);
  let { input } = finding;
  let tries = TRIES;
  for (let step = input.length >> 1; step > 0; step >>= 1) {
    for (let at = 0; at < input.length && tries > 0;) {
      const candidate = concat([input.subarray(0, at), input.subarray(at + step)]);
      const { failures: [failure] } = await child.run([candidate]);
      tries--;
      if (failure?.shape === finding.shape) input = candidate;
      else at += step;
    }
  }
  return { ...finding, input };
}

/** Writes the input to a file and returns what to run to see it again. */
export function save(name: string, { input }: Finding): string {
  const directory = fileURLToPath(new URL(`../${DIRECTORY}`, import.meta.url));
  const hash = createHash("sha256").update(input).digest("hex").slice(0, 8);
  Deno.mkdirSync(directory, { recursive: true });
  Deno.writeFileSync(`${directory}/${name}-${hash}`, input);
  return `deno task fuzz ${name} --replay ${DIRECTORY}/${name}-${hash}`;
}

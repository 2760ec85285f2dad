/** Tries changed inputs on one decoder, and goes on from those that did something new. */
import { Random } from "../tests/support/random.ts";
import { Child, ChildLost } from "./child.ts";
import { readCorpus } from "./corpus.ts";
import { type Finding, findLost } from "./findings.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";
import type { Report } from "./wire.ts";

/** Inputs that are run together: few as long as many of them are new, which are looked for one by one. */
const [FIRST_BATCH, BATCH] = [20, 200];
/** So many in the small ones. */
const FIRST_INPUTS = 1000;
/** After so many different findings there is enough to do. */
const MOST_FINDINGS = 10;
/** Those that came last are tried more often: so many of them. */
const RECENT = 20;

/** When to stop. */
export interface Limits {
  readonly inputs: number;
  readonly ms: number;
}

/** What was done and found. */
export interface Result {
  readonly inputs: number;
  readonly seconds: number;
  readonly slowest: number;
  /** Inputs that each did something new. */
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly Finding[];
}

/** Runs the target until a limit is reached. The same seed does the same, as far as time does not end it. */
export async function fuzz(target: Target, seed: number, limits: Limits): Promise<Result> {
  const campaign = new Campaign(target, new Random(seed));
  try {
    return await campaign.run(limits);
  } finally {
    await campaign[Symbol.asyncDispose]();
  }
}

class Campaign implements AsyncDisposable {
  readonly #target: Target;
  readonly #random: Random;
  readonly #corpus: Uint8Array[] = [];
  readonly #findings = new Map<string, Finding>();
  #child: Child;
  #inputs = 0;
  #slowest = 0;

  constructor(target: Target, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#child = new Child(target.name);
  }

  async run(limits: Limits): Promise<Result> {
    const started = performance.now();
    this.#corpus.push(...readCorpus(this.#target.name).map(({ input }) => input), ...this.#target.seeds());
    await this.#try(this.#corpus);
    while (this.#inputs < limits.inputs && this.#findings.size < MOST_FINDINGS) {
      if (performance.now() - started > limits.ms) break;
      const most = this.#inputs < FIRST_INPUTS ? FIRST_BATCH : BATCH;
      const length = Math.min(most, limits.inputs - this.#inputs);
      await this.#try(Array.from({ length }, () => this.#next()));
    }
    const seconds = (performance.now() - started) / 1000;
    const findings = [...this.#findings.values()];
    return { inputs: this.#inputs, seconds, slowest: this.#slowest, corpus: this.#corpus, findings };
  }

  #next(): Uint8Array {
    return mutate(this.#target, this.#random, this.#pick(), this.#pick());
  }

  #pick(): Uint8Array {
    const { length } = this.#corpus;
    const from = this.#random.below(2) === 0 ? Math.max(0, length - RECENT) : 0;
    return this.#corpus[from + this.#random.below(length - from)];
  }

  async #try(inputs: readonly Uint8Array[]): Promise<void> {
    this.#inputs += inputs.length;
    let report: Report;
    try {
      report = await this.#child.run(inputs);
    } catch (error) {
      if (!(error instanceof ChildLost)) throw error;
      await this.#findLost(inputs, error);
      return;
    }
    this.#slowest = Math.max(this.#slowest, report.slowest);
    if (inputs !== this.#corpus) this.#corpus.push(...report.news.map((i) => inputs[i]));
    for (const { input, shape, what } of report.failures) this.#note({ input: inputs[input], shape, what });
  }

  /** One of them has ended the process, or hangs. */
  async #findLost(inputs: readonly Uint8Array[], error: ChildLost): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    this.#child = new Child(this.#target.name);
    const finding = await findLost(this.#target.name, inputs);
    if (finding !== undefined) return this.#note(finding);
    // All together took long, on a machine that has other work.
    if (error.late) return;
    throw new Error(`the decoder ${this.#target.name} ${error.message}, but with none of the inputs alone`);
  }

  #note(finding: Finding): void {
    if (!this.#findings.has(finding.shape)) this.#findings.set(finding.shape, finding);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

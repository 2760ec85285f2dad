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
/** One of so many inputs is as long as inputs get. Later they are fewer: with some decoders they take most of the time. */
const [FIRST_LONG, LONG] = [300, 3000];
/** After so many inputs. */
const FEWER_LONG = 10_000;
/** Of so many packs one is led by coverage, once the first inputs are through: counting what runs can double the time. */
const COVERAGE_EVERY = 4;
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
  /** How inputs have gone. */
  readonly #shapes = new Set<string>();
  readonly #findings = new Map<string, Finding>();
  /** Counts what runs. */
  #counting: Child;
  /** Does not, and is faster. */
  #plain: Child | undefined;
  #packs = 0;
  #inputs = 0;
  #slowest = 0;

  constructor(target: Target, random: Random) {
    this.#target = target;
    this.#random = random;
    this.#counting = new Child(target.name, "coverage");
  }

  async run(limits: Limits): Promise<Result> {
    const started = performance.now();
    this.#corpus.push(...readCorpus(this.#target.name).map(({ input }) => input), ...this.#target.seeds());
    await this.#try(this.#corpus, this.#counting);
    while (this.#inputs < limits.inputs && this.#findings.size < MOST_FINDINGS) {
      if (performance.now() - started > limits.ms) break;
      const most = this.#inputs < FIRST_INPUTS ? FIRST_BATCH : BATCH;
      const length = Math.min(most, limits.inputs - this.#inputs);
      const inputs = Array.from({ length }, () => this.#next());
      await this.#try(inputs, this.#childFor(this.#packs++));
    }
    const seconds = (performance.now() - started) / 1000;
    const findings = [...this.#findings.values()];
    return { inputs: this.#inputs, seconds, slowest: this.#slowest, corpus: this.#corpus, findings };
  }

  #next(): Uint8Array {
    const isLong = this.#random.below(this.#inputs < FEWER_LONG ? FIRST_LONG : LONG) === 0;
    return mutate(this.#target, this.#random, this.#pick(), this.#pick(), isLong);
  }

  #childFor(pack: number): Child {
    if (this.#inputs < FIRST_INPUTS || pack % COVERAGE_EVERY === 0) return this.#counting;
    return this.#plain ??= new Child(this.#target.name);
  }

  #pick(): Uint8Array {
    const { length } = this.#corpus;
    const from = this.#random.below(2) === 0 ? Math.max(0, length - RECENT) : 0;
    return this.#corpus[from + this.#random.below(length - from)];
  }

  async #try(inputs: readonly Uint8Array[], child: Child): Promise<void> {
    this.#inputs += inputs.length;
    let report: Report;
    try {
      report = await child.run(inputs);
    } catch (error) {
      if (!(error instanceof ChildLost)) throw error;
      await this.#replace(child);
      await this.#findLost(inputs, error);
      return;
    }
    this.#slowest = Math.max(this.#slowest, report.slowest);
    const shapes = report.shapes.filter(({ shape }) => !this.#shapes.has(shape));
    for (const { shape } of shapes) this.#shapes.add(shape);
    if (inputs !== this.#corpus) {
      const news = [...report.news, ...shapes.map(({ input }) => input)];
      this.#corpus.push(...news.map((i) => inputs[i]));
    }
    for (const { input, shape, what } of report.failures) this.#note({ input: inputs[input], shape, what });
  }

  async #replace(child: Child): Promise<void> {
    await child[Symbol.asyncDispose]();
    if (child === this.#plain) this.#plain = undefined;
    else this.#counting = new Child(this.#target.name, "coverage");
  }

  /** One of them has ended the process, or hangs. */
  async #findLost(inputs: readonly Uint8Array[], error: ChildLost): Promise<void> {
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
    await this.#counting[Symbol.asyncDispose]();
    await this.#plain?.[Symbol.asyncDispose]();
  }
}

/** What the options of one command line say. */
import type { Configuration } from "../configuration/configuration.ts";
import type { Flag, Flags, Values } from "../flags/flag.ts";

/** The values of options, by the option itself. */
export class GivenFlags {
  /** What stands behind them where nothing was given. */
  configuration: Configuration | undefined;
  readonly #values = new Map<Flag<unknown>, unknown>();

  /** The value of the option, given or not. */
  get<T>(flag: Flag<T>): T {
    return this.#values.has(flag) ? this.#values.get(flag) as T : flag.fallback;
  }

  /** From now on this is the option's value. */
  set<T>(flag: Flag<T>, value: T): void {
    this.#values.set(flag, value);
  }

  /** The values of these options, given or not. */
  valuesOf<F extends Flags>(flags: F): Values<F> {
    return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, this.get(flag)])) as Values<
      F
    >;
  }

  /** The same with other texts, which `change` makes of those that were given. */
  withTexts(change: (flag: Flag<unknown>, text: string) => string): GivenFlags {
    const changed = new GivenFlags();
    changed.configuration = this.configuration;
    for (const [flag, value] of this.#values) {
      const one = (value: unknown) => typeof value === "string" ? change(flag, value) : value;
      changed.set(flag, Array.isArray(value) ? value.map(one) : one(value));
    }
    return changed;
  }

  /** All texts that were given. */
  get texts(): string[] {
    return [...this.#values.values()].flat().filter((value) => typeof value === "string");
  }
}

/** What defines a command. */
import { type Arguments, type ArgumentValues, readArguments } from "./argument.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { Flags, Values } from "./flags/flag.ts";
import { GLOBAL_FLAGS } from "./flags/global.ts";
import type { GivenFlags } from "./parse/given_flags.ts";

/** What a command takes, and what the help says of it. */
interface Description<A extends Arguments, F extends Flags> {
  readonly args: A;
  /** Its options, in the order of the help, besides those of all commands. */
  readonly flags: F;
  readonly description: string;
  readonly examples: readonly string[];
  /** What SIGHUP means to it. Default: to stop. A command that reloads listens by itself. */
  readonly onHangUp?: "reload";
  /** Whether the configuration is read before it runs. Default: yes. */
  readonly readsConfiguration?: boolean;
  /** Roughly the bytes that it will work on, as far as files of this machine tell; see `bytes_ahead.ts`. Default: 0. */
  readonly bytesAhead?: (args: ArgumentValues<A>) => number;
}

/** The values that a command gets of options, of those that it lists and of those of all commands, and the configuration. */
export type FlagsOf<F extends Flags> = Values<F & typeof GLOBAL_FLAGS> & {
  readonly configuration?: Configuration;
};

/** Does the work of a command. Returns the exit status. */
type Run<A extends Arguments, F extends Flags> = (
  args: ArgumentValues<A>,
  flags: FlagsOf<F>,
  signal: AbortSignal,
) => Promise<number>;

/** A command, whatever it takes. */
export interface Definition extends Omit<Description<Arguments, Flags>, "bytesAhead"> {
  readonly bytesAhead: (words: readonly string[]) => number;
  /** Loads its code, which then runs with what was given to it. Returns the exit status. */
  readonly load: () => Promise<
    (words: readonly string[], given: GivenFlags, signal: AbortSignal) => Promise<number>
  >;
}

/** Defines a command, whose code is imported when it runs: the help and completion do without. */
export function command<A extends Arguments, F extends Flags>(
  { code, bytesAhead, ...description }: Description<A, F> & {
    readonly code: () => Promise<{ run: Run<A, F> }>;
  },
): Definition {
  return {
    ...description,
    bytesAhead: (words) => bytesAhead?.(readArguments(description.args, words)) ?? 0,
    load: async () => {
      const { run } = await code();
      return (words, given, signal) => {
        const flags = given.valuesOf({ ...description.flags, ...GLOBAL_FLAGS });
        const { configuration } = given;
        return run(readArguments(description.args, words), { ...flags, configuration }, signal);
      };
    },
  };
}

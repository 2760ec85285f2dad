/**
 * Who does a job: this program, and beside it those that BENCH_WITH lists: desync in Go, casync, and `limit`, the least that
 * the job takes. Default: desync.
 */
import { fileURLToPath } from "node:url";
import { ours, peer, remove } from "./data.ts";
import type { LimitJob } from "./limit.ts";
import type { Contender } from "./measure.ts";

/** A job, as each program is asked to do it. A contender's output gets its `name`. */
interface Job {
  /** The same arguments for this program and for desync in Go. */
  readonly args: (name: string) => readonly string[];
  /** Where casync can do the same. */
  readonly casync?: (name: string) => readonly string[];
  /** Where limit.ts can. */
  readonly limit?: (name: string) => readonly [job: LimitJob, index: string, store: string, file: string];
  /** Undoes what the last run made. */
  readonly before?: (name: string) => void;
}

const OTHERS = ["desync", "casync", "limit"];
const asked = (Deno.env.get("BENCH_WITH") ?? "desync").split(",").filter((name) => name !== "");
for (const name of asked) {
  if (!OTHERS.includes(name)) throw new Error(`BENCH_WITH has "${name}"; there are ${OTHERS.join(", ")}`);
}

/** All that do the job. Unless it says otherwise, a file with a contender's name is removed before its runs. */
export function contenders({ args, casync, limit, before = remove }: Job): Contender[] {
  const all: Contender[] = [];
  const add = (name: string, command: readonly string[]) =>
    all.push({ name, command, before: () => before(name) });
  add("ours", [...ours, ...args("ours")]);
  if (asked.includes("desync")) add("desync", [peer("desync"), ...args("desync")]);
  if (casync !== undefined && asked.includes("casync")) add("casync", [peer("casync"), ...casync("casync")]);
  if (limit !== undefined && asked.includes("limit")) {
    const program = fileURLToPath(new URL("limit.ts", import.meta.url));
    add("limit", [Deno.execPath(), "run", "-A", program, ...limit("limit")]);
  }
  return all;
}

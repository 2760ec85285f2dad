/** How many files and connections this process may still open: where that is few, fewer threads and connections are used. */
import { DesyncError } from "../../core/errors.ts";

/** Kept for what opens files in passing: indexes, targets, modules, the system's resolver. */
const RESERVE = 8;
/** A thread's own, and the files that it works on. */
const PER_THREAD = 9;
/** A connection, and what looking up its host takes. */
const PER_CONNECTION = 2;

/** What can be afforded. */
export interface Affordable {
  readonly threads: number;
  readonly connections: number;
}

/** Without bounds where the limit cannot be read. Throws `io` when it is too low for anything, and names what is needed. */
export function affordable(): Affordable {
  const limit = openFilesLimit();
  const used = limit === undefined ? undefined : openFiles();
  if (limit === undefined || used === undefined) return { threads: Infinity, connections: Infinity };
  return share(limit, used);
}

/** The same for a process that has so many open files and may have so many. */
export function share(limit: number, used: number): Affordable {
  const needed = used + RESERVE + PER_THREAD + PER_CONNECTION;
  if (limit < needed) {
    throw new DesyncError("io", {
      action: "work with",
      subject: `a limit of ${limit} open files`,
      reason: `at least ${needed} are needed`,
      hint: "`ulimit -n 256` raises it",
    });
  }
  const rest = limit - used - RESERVE;
  // Half of them at most, as far as one thread goes.
  const threads = Math.max(1, Math.floor(rest / 2 / PER_THREAD));
  return { threads, connections: Math.floor((rest - threads * PER_THREAD) / PER_CONNECTION) };
}

/** Deno raises it to the hard limit when it starts. */
function openFilesLimit(): number | undefined {
  const [, soft] =
    /^Max open files +(\d+)/m.exec(ofProcess(() => Deno.readTextFileSync("/proc/self/limits")) ?? "") ??
      [];
  return soft === undefined ? undefined : Number(soft);
}

function openFiles(): number | undefined {
  return ofProcess(() => [...Deno.readDirSync("/proc/self/fd")].length);
}

/** Only Linux says, and Deno lets only a program look that may do everything. */
function ofProcess<T>(look: () => T): T | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const permissions = ["read", "write", "net", "run", "env", "sys", "ffi"] as const;
  if (permissions.some((name) => Deno.permissions.querySync({ name }).state !== "granted")) return undefined;
  try {
    return look();
  } catch {
    return undefined;
  }
}

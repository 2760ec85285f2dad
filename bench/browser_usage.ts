/** What the processes of a browser use, as /proc says it. */

/** Of the clock in /proc. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time. */
export interface Used {
  /** Of all of the browser's processes. */
  readonly browser: number;
  readonly server: number;
  /** Of the browser's threads, by the names of their processes and their own; several may have one name. */
  readonly threads: readonly (readonly [name: string, seconds: number])[];
  /** The most memory of the process of the page since it was started, in MB. */
  readonly memory: number;
}

/** Sums up what a browser and a server use from now on. */
export class Usage implements Disposable {
  readonly #browser: string;
  readonly #server: number;
  readonly #before = new Map<string, number>();
  readonly #threads = new Map<string, readonly [name: string, seconds: number]>();
  readonly #serverBefore: number;
  /** A thread that has ended is not there any more, and workers end with the download. */
  readonly #watch = setInterval(() => this.#look(), 50);

  constructor(browser: string, server: number) {
    this.#browser = browser;
    this.#server = server;
    this.#serverBefore = processorSeconds(`/proc/${server}/stat`);
    for (const pid of descendants(browser)) this.#before.set(pid, processorSeconds(`/proc/${pid}/stat`));
    this.#look();
    for (const [thread, [, seconds]] of this.#threads) this.#before.set(thread, seconds);
  }

  #look(): void {
    for (const pid of descendants(this.#browser)) {
      const type = typeOf(pid);
      for (const { name } of list(`/proc/${pid}/task`)) {
        const stat = `/proc/${pid}/task/${name}/stat`;
        const [, thread] = /\((.*)\)/.exec(read(stat)) ?? [];
        if (thread !== undefined) {
          this.#threads.set(`${pid}/${name}`, [`${type}: ${thread}`, processorSeconds(stat)]);
        }
      }
    }
  }

  sum(): Used {
    this.#look();
    let browser = 0;
    let memory = 0;
    for (const pid of descendants(this.#browser)) {
      browser += processorSeconds(`/proc/${pid}/stat`) - (this.#before.get(pid) ?? 0);
      if (typeOf(pid) !== "renderer") continue;
      const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`)) ?? [];
      memory = Math.max(memory, Number(kilobytes ?? 0) / 1000);
    }
    const threads = [...this.#threads].map(([thread, [name, seconds]]) =>
      [name, seconds - (this.#before.get(thread) ?? 0)] as const
    );
    const server = processorSeconds(`/proc/${this.#server}/stat`) - this.#serverBefore;
    return { browser, server, memory, threads: threads.sort(([, a], [, b]) => b - a) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch);
  }
}

/** The processes of a program, the first included. */
function descendants(pid: number | string): string[] {
  const threads = list(`/proc/${pid}/task`);
  const children = threads.flatMap(({ name }) => read(`/proc/${pid}/task/${name}/children`).split(" "));
  return [String(pid), ...children.filter((one) => /\d/.test(one)).flatMap(descendants)];
}

/** What a process of Chromium is there for. */
function typeOf(pid: string): string {
  const words = read(`/proc/${pid}/cmdline`).split(/[\0 ]/);
  const value = (name: string) => words.find((word) => word.startsWith(name))?.slice(name.length);
  return value("--utility-sub-type=")?.split(".")[0] ?? value("--type=") ?? "browser";
}

function processorSeconds(stat: string): number {
  const [user, system] = read(stat).replace(/.*\) /, "").split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
}

/** Nothing when the process has ended. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function list(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch {
    return [];
  }
}

/**
 * Ends exchanges whose client is silent or too slow. The rule is that of `idle_watch.ts`; one timer serves all exchanges of
 * a server, since a timer for each request would cost more than a request does.
 */
import { leastRateMs } from "../../stores/http/idle_watch.ts";

/** Between two looks, in milliseconds. */
const LOOK_MS = 1000;
/** A look that is so late shows that this program was not able to read and write, in milliseconds. */
const BUSY_MS = 100;

/** Something that a client has to do. */
export interface Awaited {
  /** Called when patience is at its end. */
  readonly giveUp: () => void;
  /** When that is; `Infinity` while nothing is expected of the client. */
  deadline: number;
}

/** All that is expected of the clients of a server. */
export class Patience implements Disposable {
  readonly #milliseconds: number;
  readonly #awaited = new Set<Awaited>();
  readonly #timer: ReturnType<typeof setInterval>;
  #due: number;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    const interval = Math.min(LOOK_MS, milliseconds / 4);
    this.#due = performance.now() + interval;
    this.#timer = setInterval(() => this.#look(interval), interval);
    Deno.unrefTimer(this.#timer);
  }

  /** From now on something is expected. */
  begin(awaited: Awaited, milliseconds: number = this.#milliseconds): void {
    awaited.deadline = performance.now() + milliseconds;
    this.#awaited.add(awaited);
  }

  /** The client did so many bytes of it. */
  progress(awaited: Awaited, bytes: number): void {
    awaited.deadline = Math.min(
      performance.now() + this.#milliseconds,
      awaited.deadline + leastRateMs(bytes),
    );
  }

  /** Nothing more is expected. */
  end(awaited: Awaited): void {
    this.#awaited.delete(awaited);
  }

  #look(interval: number): void {
    const now = performance.now();
    const late = now - this.#due;
    this.#due = now + interval;
    for (const awaited of this.#awaited) {
      // What was sent while this program was busy, or stopped, has yet to be seen.
      if (late > BUSY_MS) awaited.deadline += Math.min(late, this.#milliseconds);
      if (awaited.deadline > now) continue;
      this.#awaited.delete(awaited);
      awaited.giveUp();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

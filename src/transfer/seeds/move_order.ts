/**
 * The order in which chunks are moved within a file, so that nothing is overwritten that is still to be read. What has to be
 * read before it may be overwritten can form circles, as when two parts change places: some chunks are then kept in memory
 * until their places are free or, when that gets too much, given up.
 *
 * The rule is that of in-place reconstruction (Burns and Long, "In-place reconstruction of delta compressed files", 1998):
 * one chunk waits for another whose old place overlaps its new ones.
 */

/** A chunk that is somewhere in the file, and where it has to go. */
export interface Move {
  /** Where it is. No two moves overlap there, except with those that stay. */
  readonly from: number;
  /** It stays there as well, where nothing goes. */
  readonly stays?: boolean;
  /** Its bytes. */
  readonly size: number;
  /** Where it goes. No two of these overlap, of all moves. */
  readonly to: readonly number[];
}

/** What is done at a time: all of `read` is read, and kept in memory, before all of `write` is written. */
export interface MoveStep {
  readonly read: readonly number[];
  /** Those of this step, or of earlier ones. */
  readonly write: readonly number[];
}

/** The steps, with the numbers of moves, and which are given up: these have to come from somewhere else. */
export interface MoveOrder {
  readonly steps: readonly MoveStep[];
  readonly dropped: readonly number[];
}

/** How much is in memory. */
export interface MoveLimits {
  /** Bytes, or a little more, that are read and written in one step. */
  readonly step: number;
  /** Bytes that are kept from step to step. */
  readonly held: number;
}

/** Orders the moves. What takes memory besides them is a few numbers for each. */
export function orderMoves(moves: readonly Move[], limits: MoveLimits): MoveOrder {
  return new Ordering(moves, limits).order();
}

/** Where a move is in its life. */
const UNREAD = 0;
const READ = 1;
const WRITTEN = 2;
const DROPPED = 3;

class Ordering {
  readonly #moves: readonly Move[];
  readonly #limits: MoveLimits;
  /** The moves in the order of their old places, but for those that stay. */
  readonly #bySource: Int32Array;
  readonly #state: Uint8Array;
  /** For each move how many others, not yet read, are at its new places. */
  readonly #blockers: Int32Array;
  /** Those that wait for move `i`: from `#waitersAt[i]` to `#waitersAt[i + 1]`. */
  readonly #waiters: Int32Array;
  readonly #waitersAt: Int32Array;
  /** Moves without blockers: to be read, and to be written. */
  readonly #readable: number[] = [];
  readonly #writable: number[] = [];
  /** Moves by the number of their blockers, as that was when they were added. */
  readonly #blocked: number[][] = [];
  readonly #dropped: number[] = [];
  #held = 0;

  constructor(moves: readonly Move[], limits: MoveLimits) {
    const { length } = moves;
    this.#moves = moves;
    this.#limits = limits;
    this.#bySource = Int32Array.from([...moves.keys()].filter((i) => !moves[i].stays))
      .sort((a, b) => moves[a].from - moves[b].from);
    this.#state = new Uint8Array(length);
    this.#blockers = new Int32Array(length);
    this.#waitersAt = new Int32Array(length + 1);
    for (let i = 0; i < length; i++) {
      for (const other of this.#atNewPlaces(i)) this.#waitersAt[other + 1]++;
    }
    for (let i = 0; i < length; i++) this.#waitersAt[i + 1] += this.#waitersAt[i];
    this.#waiters = new Int32Array(this.#waitersAt[length]);
    const next = this.#waitersAt.slice();
    // The last is taken first: those that wait for nothing are read in order.
    for (let i = length - 1; i >= 0; i--) {
      for (const other of this.#atNewPlaces(i)) {
        this.#waiters[next[other]++] = i;
        this.#blockers[i]++;
      }
      this.#noteBlockers(i);
    }
  }

  order(): MoveOrder {
    const steps: MoveStep[] = [];
    for (let step; (step = this.#nextStep()) !== undefined;) steps.push(step);
    return { steps, dropped: this.#dropped };
  }

  #nextStep(): MoveStep | undefined {
    const read: number[] = [];
    const write: number[] = [];
    for (let bytes = 0; bytes < this.#limits.step;) {
      const writable = this.#writable.pop();
      if (writable !== undefined) {
        this.#state[writable] = WRITTEN;
        this.#held -= this.#moves[writable].size;
        bytes += this.#moves[writable].size;
        write.push(writable);
        continue;
      }
      const readable = this.#readable.pop();
      if (readable !== undefined) {
        if (this.#state[readable] === UNREAD) this.#read(readable, read);
        continue;
      }
      const blocked = this.#leastBlocked();
      if (blocked === undefined) break;
      for (const i of this.#atNewPlaces(blocked)) {
        if (this.#state[i] !== UNREAD) continue;
        if (this.#held + this.#moves[i].size <= this.#limits.held) this.#read(i, read);
        else this.#drop(i);
      }
    }
    return read.length + write.length === 0 ? undefined : { read, write };
  }

  #read(i: number, read: number[]): void {
    read.push(i);
    this.#state[i] = READ;
    this.#held += this.#moves[i].size;
    if (this.#blockers[i] === 0) this.#writable.push(i);
    this.#release(i);
  }

  #drop(i: number): void {
    this.#state[i] = DROPPED;
    this.#dropped.push(i);
    this.#release(i);
  }

  /** What waits for this one waits no more. */
  #release(i: number): void {
    for (let at = this.#waitersAt[i]; at < this.#waitersAt[i + 1]; at++) {
      const waiter = this.#waiters[at];
      this.#blockers[waiter]--;
      this.#noteBlockers(waiter);
    }
  }

  #noteBlockers(i: number): void {
    const count = this.#blockers[i];
    if (count > 0) (this.#blocked[count] ??= []).push(i);
    else if (this.#state[i] === READ) this.#writable.push(i);
    else if (this.#state[i] === UNREAD) this.#readable.push(i);
  }

  /** The move that waits for the fewest others: the least memory sets it free. */
  #leastBlocked(): number | undefined {
    for (const [count, moves] of this.#blocked.entries()) {
      while (moves !== undefined && moves.length > 0) {
        const i = moves.pop()!;
        if (this.#blockers[i] === count && this.#state[i] < WRITTEN) return i;
      }
    }
    return undefined;
  }

  /** The other moves whose old places overlap the new ones of this one. */
  *#atNewPlaces(move: number): Generator<number> {
    const { to, size } = this.#moves[move];
    for (const start of to) {
      for (let at = this.#firstEndingAfter(start); at < this.#bySource.length; at++) {
        const i = this.#bySource[at];
        if (this.#moves[i].from >= start + size) break;
        if (i !== move) yield i;
      }
    }
  }

  /** Among the moves in the order of their old places. */
  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#bySource.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { from, size } = this.#moves[this.#bySource[middle]];
      if (from + size > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

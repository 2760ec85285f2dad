/**
 * What the sources use of JavaScript that Node 20 and browsers of 2023 do not have yet. The build puts these in its place:
 * nothing is added to the objects of the program that uses the package.
 */

/** `Symbol.dispose`. */
export const dispose: symbol = symbolNamed("dispose");
/** `Symbol.asyncDispose`. */
export const asyncDispose: symbol = symbolNamed("asyncDispose");

/** The one of the platform, else the one that all who lack it agree on. */
function symbolNamed(name: string): symbol {
  const known: unknown = Reflect.get(Symbol, name);
  return typeof known === "symbol" ? known : Symbol.for(`Symbol.${name}`);
}

/** `Promise.withResolvers`. */
export function withResolvers<T>(): PromiseWithResolvers<T> {
  let settle: Omit<PromiseWithResolvers<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => settle = { resolve, reject });
  return { promise, ...settle! };
}

/** `Promise.try`. */
export function promiseTry<T, A extends unknown[]>(
  work: (...args: A) => T | PromiseLike<T>,
  ...args: A
): Promise<T> {
  return new Promise((resolve) => resolve(work(...args)));
}

/** `Array.fromAsync`. */
export async function fromAsync<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** `Map.groupBy`. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** `Uint8Array.fromBase64`. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** `SuppressedError`: also what the code for `using` throws, which recognizes it by its name. */
export class SuppressedError extends Error {
  constructor(readonly error: unknown, readonly suppressed: unknown, message?: string) {
    super(message);
    this.name = "SuppressedError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "SuppressedError";
  }
}

/** `DisposableStack`, as far as it is used. */
export class DisposableStack implements Disposable {
  #last: (() => void)[] = [];

  use<T extends Disposable>(value: T): T {
    return this.adopt(value, () => value[Symbol.dispose]());
  }

  adopt<T>(value: T, over: (value: T) => void): T {
    this.#last.push(() => over(value));
    return value;
  }

  move(): DisposableStack {
    const moved = new DisposableStack();
    moved.#last = this.#last;
    this.#last = [];
    return moved;
  }

  dispose(): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    const failures: unknown[] = [];
    while (this.#last.length > 0) {
      try {
        this.#last.pop()!();
      } catch (error) {
        failures.push(error);
      }
    }
    throwAll(failures);
  }
}

/** `AsyncDisposableStack`, as far as it is used. */
export class AsyncDisposableStack implements AsyncDisposable {
  #last: (() => unknown)[] = [];

  use<T extends AsyncDisposable | Disposable>(value: T): T {
    this.#last.push(() =>
      Symbol.asyncDispose in value ? value[Symbol.asyncDispose]() : value[Symbol.dispose]()
    );
    return value;
  }

  defer(over: () => unknown): void {
    this.#last.push(over);
  }

  move(): AsyncDisposableStack {
    const moved = new AsyncDisposableStack();
    moved.#last = this.#last;
    this.#last = [];
    return moved;
  }

  async disposeAsync(): Promise<void> {
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    while (this.#last.length > 0) {
      try {
        await this.#last.pop()!();
      } catch (error) {
        failures.push(error);
      }
    }
    throwAll(failures);
  }
}

/** The last failure, with those before it inside. */
function throwAll(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  throw failures.reduce((before, error) =>
    new SuppressedError(error, before, "a failure was followed by another")
  );
}

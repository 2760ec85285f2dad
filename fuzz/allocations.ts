/**
 * Counts the buffers that are allocated, so that a length that is believed shows at once and not only when memory is full.
 * To be imported before what is counted. Native code's own buffers are not seen: their sizes are checked as results.
 */

let total = 0;

/** Bytes of all buffers that were made since the process began. */
export function allocatedBytes(): number {
  return total;
}

type BufferMaker = { new (...args: never[]): object; BYTES_PER_ELEMENT?: number };

function count(name: string): void {
  const made = Reflect.get(globalThis, name) as BufferMaker;
  const width = made.BYTES_PER_ELEMENT ?? 1;
  const counting: BufferMaker = new Proxy(made, {
    construct(target, args: unknown[], newTarget): object {
      if (typeof args[0] === "number") total += args[0] * width;
      return Reflect.construct(target, args, newTarget === counting ? target : newTarget) as object;
    },
  });
  Reflect.set(globalThis, name, counting);
}

for (
  const name of ["ArrayBuffer", "Uint8Array", "Uint16Array", "Uint32Array", "Int32Array", "Float64Array"]
) {
  count(name);
}

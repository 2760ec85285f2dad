import assert from "node:assert/strict";
import wabt from "npm:wabt@1.0.39";
import { hashWindow } from "../../src/chunker/buzhash.ts";
import {
  CandidateList,
  type Divisor,
  divisor,
  scanCandidates,
  scanPlainly,
} from "../../src/chunker/candidates.ts";
import {
  compileScanKernel,
  KERNEL_CODE,
  KERNEL_MAX,
  KERNEL_STEP,
  type ScanKernel,
} from "../../src/chunker/scan_kernel.ts";
import { type Random, random } from "../support/random.ts";
import { allowsCut, dataOfAllKinds } from "./reference.ts";

function compiled(): ScanKernel {
  const kernel = compileScanKernel();
  assert.ok(kernel !== undefined, "the kernel does not compile here");
  return kernel;
}

function plain(bytes: Uint8Array, from: number, to: number, prepared: Divisor): number[] {
  const list = new CandidateList();
  if (from < to) assert.equal(scanPlainly(bytes, from, to, from, prepared, list), to);
  return [...list.positions];
}

/** The positions after `from` at which the plain rule allows a cut, counted from there. */
function reference(bytes: Uint8Array, from: number, to: number, d: number): number[] {
  const found: number[] = [];
  for (let end = from + 1; end <= to; end++) if (allowsCut(bytes, end, d)) found.push(end - from);
  return found;
}

/** Small ones, those with a power of two in them, which the filter treats in two ways, and some at random. */
function divisors(rng: Random): number[] {
  const chosen = [1, 2, 3, 4, 5, 6, 7, 8, 12, 48, 96, 255, 256, 257, 1000, 1024, 3072, 49535, 65280, 65536];
  for (let i = 0; i < 15; i++) chosen.push(1 + rng.below(2 ** (1 + rng.below(31)) - 1));
  return chosen;
}

/** Bytes all the same, and a large d for which every position is a candidate then. */
function candidatesEverywhere(rng: Random, length: number): { bytes: Uint8Array; d: number } {
  while (true) {
    const bytes = new Uint8Array(length).fill(rng.below(256));
    const sum = (hashWindow(bytes, 48) >>> 0) + 1;
    for (let d = 1000; d < 200_000; d++) if (sum % d === 0) return { bytes, d };
  }
}

Deno.test("the code shipped is scan_kernel.wat, assembled", async () => {
  const source = await Deno.readTextFile(new URL("../../src/chunker/scan_kernel.wat", import.meta.url));
  const { parseWat } = await wabt();
  const module = parseWat("scan_kernel.wat", source, { simd: true, bulk_memory: true });
  try {
    module.validate();
    const code = btoa(String.fromCharCode(...module.toBinary({}).buffer));
    assert.equal(
      KERNEL_CODE,
      code,
      `KERNEL_CODE in scan_kernel.ts has to be:\n${code.replace(/.{96}/g, "$&\n")}`,
    );
  } finally {
    module.destroy();
  }
});

Deno.test("the kernel finds what the scan in JavaScript and the plain rule find", () => {
  const rng = random();
  const kernel = compiled();
  for (const d of divisors(rng)) {
    for (const [kind, bytes] of Object.entries(dataOfAllKinds(rng, 6000))) {
      const from = 47 + rng.below(2000);
      const length = KERNEL_STEP * (1 + rng.below(Math.floor((bytes.length - from) / KERNEL_STEP)));
      const found = [...kernel.scan(bytes, from, length, divisor(d))];
      const what = `d = ${d}, ${kind}, ${from} + ${length}`;
      assert.deepEqual(found, reference(bytes, from, from + length, d), what);
      assert.deepEqual(found, plain(bytes, from, from + length, divisor(d)), what);
    }
  }
});

Deno.test("the kernel takes blocks of every size, from the first position that has a window", () => {
  const rng = random();
  const kernel = compiled();
  const bytes = rng.bytes(47 + KERNEL_MAX);
  for (const d of [2, 7, 256, 1001]) {
    const all = plain(bytes, 47, bytes.length, divisor(d));
    for (let length = KERNEL_STEP; length <= KERNEL_MAX; length += KERNEL_STEP) {
      const found = [...kernel.scan(bytes, 47, length, divisor(d))];
      assert.deepEqual(found, all.filter((position) => position <= length), `d = ${d}, ${length} bytes`);
    }
  }
});

Deno.test("a scan does not depend on what the kernel did before", () => {
  const rng = random();
  const kernel = compiled();
  const bytes = rng.bytes(47 + KERNEL_STEP);
  const expected = plain(bytes, 47, bytes.length, divisor(3));
  for (let i = 0; i < 20; i++) {
    kernel.scan(rng.bytes(47 + KERNEL_MAX), 47, KERNEL_MAX, divisor(1 + rng.below(5)));
    assert.deepEqual([...kernel.scan(bytes, 47, KERNEL_STEP, divisor(3))], expected);
  }
});

Deno.test("a candidate at every position fits", () => {
  const rng = random();
  const kernel = compiled();
  const { bytes, d } = candidatesEverywhere(rng, 200_000);
  const found = [...kernel.scan(bytes, 47, KERNEL_MAX, divisor(d))];
  assert.deepEqual(found, Array.from({ length: KERNEL_MAX }, (_, i) => i + 1), `d = ${d}`);
  const list = new CandidateList();
  assert.equal(scanCandidates(bytes, 0, bytes.length, divisor(d), list), bytes.length);
  assert.deepEqual(
    [...list.positions],
    Array.from({ length: bytes.length - 47 }, (_, i) => i + 48),
    `d = ${d}`,
  );
});

Deno.test("no position is lost or found twice where blocks of a scan meet, wherever it begins and ends", () => {
  const rng = random();
  const bytes = rng.bytes(80_000);
  const d = 3;
  const allowed = Array.from(bytes, (_, i) => allowsCut(bytes, i, d));
  const check = (from: number, to: number): void => {
    const list = new CandidateList();
    assert.equal(scanCandidates(bytes, from, to, divisor(d), list), to);
    let next = 0;
    const { positions } = list;
    for (let at = from + 1; at <= to; at++) {
      const found = next < positions.length && from + positions[next] === at;
      assert.equal(found, allowed[at], `position ${at} of the scan from ${from} to ${to}`);
      if (found) next++;
    }
    assert.equal(next, positions.length, `${from} to ${to}`);
  };
  for (let from = 0; from < 100; from++) check(from, from + 4 * KERNEL_STEP + rng.below(1000));
  for (let size = 2 * KERNEL_STEP; size < 8 * KERNEL_STEP; size++) check(47 + rng.below(50), 97 + size);
  for (let i = 0; i < 100; i++) {
    const from = rng.below(bytes.length);
    check(from, from + rng.below(bytes.length - from));
  }
});

Deno.test("a scan pauses within a block of the kernel when its list is full", () => {
  const rng = random();
  const bytes = rng.bytes(60_000);
  for (const d of [2, 50, 1000, 10_000]) {
    const expected = reference(bytes, 0, bytes.length, d);
    for (const capacity of [1, 3, 700]) {
      if (expected.length / capacity > 3000) continue; // many pauses take long and show no more
      const list = new CandidateList(capacity);
      const found: number[] = [];
      for (let from = 0; from < bytes.length;) {
        list.clear();
        const to = scanCandidates(bytes, from, bytes.length, divisor(d), list);
        assert.ok(list.length <= capacity);
        if (to < bytes.length) {
          assert.equal(list.length, capacity);
          assert.equal(from + list.positions[capacity - 1], to);
        }
        for (const position of list.positions) found.push(from + position);
        from = to;
      }
      assert.deepEqual(found, expected, `d = ${d}, capacity ${capacity}`);
    }
  }
});

/** Calls with `value` in the place of the global `WebAssembly`. */
function withWebAssembly<T>(value: unknown, call: () => T): T {
  const original = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly")!;
  Object.defineProperty(globalThis, "WebAssembly", { value, configurable: true });
  try {
    return call();
  } finally {
    Object.defineProperty(globalThis, "WebAssembly", original);
  }
}

Deno.test("without WebAssembly, or where compiling is forbidden, there is no kernel and no error", () => {
  class Forbidden {
    constructor() {
      throw new WebAssembly.CompileError("violates the Content Security Policy");
    }
  }
  assert.equal(withWebAssembly(undefined, compileScanKernel), undefined);
  assert.equal(withWebAssembly({ ...WebAssembly, Module: Forbidden }, compileScanKernel), undefined);
});

Deno.test("a scan without the kernel finds the same", async () => {
  const rng = random();
  const bytes = rng.bytes(100_000);
  const url = new URL("../../src/chunker/candidates.ts?without-kernel", import.meta.url).href;
  const fresh: typeof import("../../src/chunker/candidates.ts") = await import(url);
  const list = new fresh.CandidateList();
  const prepared = divisor(10);
  const to = withWebAssembly(undefined, () => fresh.scanCandidates(bytes, 5, bytes.length, prepared, list));
  assert.equal(to, bytes.length);
  assert.deepEqual([...list.positions], reference(bytes, 5, bytes.length, 10));
});

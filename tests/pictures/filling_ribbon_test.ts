import { strictEqual } from "node:assert/strict";
import { paintRibbon } from "../../src/pictures/filling_ribbon.ts";

const seed = { origin: { kind: "seed", location: "old" } as const, chunks: 3, bytes: 300, storedBytes: 300 };
const store = {
  origin: { kind: "store", location: "http://a" } as const,
  chunks: 1,
  bytes: 100,
  storedBytes: 50,
};

Deno.test("the filled part of the bar has the sources' colours, by bytes, and so have their names", () => {
  const line = "[####....]  50%  400 B of 800 B  seed old: 300 B, http://a: 100 B (50 B read)";
  const cell = (colour: number) => `\x1b[48;5;${colour}m \x1b[0m`;
  const name = (colour: number, text: string) => `\x1b[38;5;${colour}m${text}\x1b[0m`;
  strictEqual(
    paintRibbon(line, [seed, store]),
    `[${cell(68).repeat(3)}${cell(208)}....]  50%  400 B of 800 B  ${name(68, "seed old: ")}300 B, ${
      name(208, "http://a: ")
    }100 B (50 B read)`,
  );
  for (const other of ["  0%  0s", "[....]", "", "12 MB done"]) {
    strictEqual(paintRibbon(other, [seed]), other);
  }
});

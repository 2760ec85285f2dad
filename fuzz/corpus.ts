/** Inputs that are kept: `testdata/fuzz/<decoder>.txt`, one a line in base64, behind `#` what was wrong with it. */
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";

/** An input, and what it has shown. */
export interface Kept {
  readonly input: Uint8Array;
  readonly note?: string;
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../testdata/fuzz/${name}.txt`, import.meta.url));
}

/** What is kept for this decoder. */
export function readCorpus(name: string): Kept[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(pathOf(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [word, ...note] = line.split(" # ");
    return {
      input: new Uint8Array(Buffer.from(word, "base64")),
      note: note.length === 0 ? undefined : note.join(" # "),
    };
  });
}

/** Keeps these instead. Those with a note come first. */
export function writeCorpus(name: string, all: readonly Kept[]): void {
  const lines = all.map(({ input, note }) => {
    const word = Buffer.from(input).toString("base64");
    return note === undefined ? `${word}\n` : `${word} # ${note}\n`;
  });
  const noted = (line: string) => line.includes(" # ");
  Deno.writeTextFileSync(
    pathOf(name),
    [...lines.filter(noted), ...lines.filter((line) => !noted(line))].join(""),
  );
}

/** Inputs to begin with that lie in testdata. */
import { fileURLToPath } from "node:url";

/** The file's bytes, the first ones alone where it has more than that. */
export function testdataBytes(path: string, most = 4096): Uint8Array {
  const file = fileURLToPath(new URL(`../testdata/${path}`, import.meta.url));
  return Deno.readFileSync(file).slice(0, most);
}

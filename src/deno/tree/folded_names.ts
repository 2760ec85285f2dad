/** File systems that take names for the same which differ in case: those of Windows and macOS, and some on Linux. */
import type { Handle, TreeSystem } from "./tree_system.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Whether a directory does. `unused` is a name with lower-case letters that nothing has. */
export function foldsNames(system: TreeSystem, directory: Handle, unused: string): boolean {
  const name = encoder.encode(unused);
  try {
    system.makeDirectory(directory, name);
  } catch {
    // Nothing can be made here: going on gives the error.
    return false;
  }
  try {
    system.close(system.openDirectory(directory, encoder.encode(unused.toUpperCase())));
    return true;
  } catch {
    return false;
  } finally {
    system.removeDirectory(directory, name);
  }
}

/** The names in one directory. */
export class FoldedNames {
  readonly #names = new Map<string, string>();

  /** False when another name was added before that is the same but for case or the form of its characters. */
  add(name: Uint8Array): boolean {
    const text = decoder.decode(name);
    const folded = text.normalize().toLowerCase();
    const before = this.#names.get(folded);
    this.#names.set(folded, text);
    return before === undefined || before === text;
  }
}

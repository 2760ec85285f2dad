/** File systems that take names for the same which differ in case: those of Windows and macOS, and some on Linux. */
import type { Handle, TreeSystem } from "./tree_system.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Whether a folder does. `unused` is a name with lower-case letters that nothing has. */
export function foldsNames(system: TreeSystem, folder: Handle, unused: string): boolean {
  const name = encoder.encode(unused);
  try {
    system.makeFolder(folder, name);
  } catch {
    // Nothing can be made here: whoever goes on is told.
    return false;
  }
  try {
    system.close(system.openFolder(folder, encoder.encode(unused.toUpperCase())));
    return true;
  } catch {
    return false;
  } finally {
    system.removeFolder(folder, name);
  }
}

/** The names in one folder. */
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

/** A file that the visitor chooses to download into, where the browser offers that. */
import type { FileHandle } from "../src/browser/file_system.ts";

/** What browsers with the File System Access API have. */
interface Picking {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileHandle>;
}

/** Whether there is such a dialog here. */
export function canChoose(): boolean {
  return typeof (globalThis as Picking).showSaveFilePicker === "function";
}

/** The file; `undefined` when the visitor closed the dialog. Only a click may ask for it. */
export async function chooseFile(suggestedName: string): Promise<FileHandle | undefined> {
  try {
    return await (globalThis as Picking).showSaveFilePicker?.({ suggestedName });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  }
}

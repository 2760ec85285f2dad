/** Keeps other tabs away from a file that several workers of this one write to. */
import type { DirectoryHandle, Locks, ResolvableDirectory } from "./file_system.ts";

/** The part of `navigator` that types of Deno do not know. */
interface Browser {
  readonly locks?: Locks;
  readonly storage?: { getDirectory(): Promise<ResolvableDirectory> };
}

/** A lock, or none where the browser has none: then only one worker may open the file. */
export interface FileLock {
  readonly isHeld: boolean;
  release(): void;
}

/** Takes it. Throws `NoModificationAllowedError`, as browsers do for a file that is open, when another tab has it. */
export async function lockFile(directory: DirectoryHandle, name: string): Promise<FileLock> {
  const { locks, storage } = navigator as unknown as Browser;
  const root = await storage?.getDirectory();
  const path = await root?.resolve(directory);
  if (locks === undefined || !path) return { isHeld: false, release: () => {} };
  const over = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<boolean>();
  const held = (lock: unknown) => {
    taken.resolve(lock !== null);
    return lock === null ? Promise.resolve() : over.promise;
  };
  locks.request(`desync ${[...path, name].join("/")}`, { ifAvailable: true }, held).catch(taken.reject);
  if (await taken.promise) return { isHeld: true, release: over.resolve };
  throw new DOMException("another tab has it", "NoModificationAllowedError");
}

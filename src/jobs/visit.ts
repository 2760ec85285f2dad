/** How archives and trees pass on what is in them. */
import type { ArchiveEvent } from "../formats/archive.ts";

/**
 * Takes what an archive says, or what a folder would say as one, in its order. Whoever calls waits for the promise, where
 * there is one, before going on.
 */
export type Visit = (event: ArchiveEvent) => void | Promise<void>;

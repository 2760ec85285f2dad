/** Where a job has its bytes from. What is decided by it, is by the kind; the names are for people. */

/** Where bytes came from. */
export type Origin =
  /** A store, the cache, a seed, what was made with a delta file, or the input that is cut or compared. */
  | { readonly kind: "store" | "cache" | "seed" | "patched" | "input"; readonly location: string }
  /**
   * `in place`: the target had them where they belong. `self`: they were copied within the target. `zeros`: the chunk of
   * zeros, which no source has to have. `present`: the store that is filled had the chunk. `resumed`: an interrupted run had
   * written it.
   */
  | { readonly kind: "in place" | "self" | "zeros" | "present" | "resumed" };

/**
 * What people are shown for it.
 *
 * @example How much came from where
 * ```ts
 * import { originName, Progress } from "@desync/desync";
 *
 * const progress = new Progress();
 * progress.add({ kind: "cache", location: "/var/cache/desync" }, 1, 300, 120);
 * const lines = progress.sources.map(({ origin, bytes }) => `${originName(origin)}: ${bytes} bytes`);
 * if (lines[0] !== "cache /var/cache/desync: 300 bytes") throw new Error("it says which");
 * ```
 */
export function originName(origin: Origin): string {
  switch (origin.kind) {
    case "store":
    case "input":
      return origin.location;
    case "cache":
      return `cache ${origin.location}`;
    case "seed":
      return `seed ${origin.location}`;
    case "patched":
      return `delta ${origin.location}`;
    case "in place":
      return "the target itself";
    case "self":
      return "copies within the target";
    case "zeros":
      return "zeros";
    case "present":
      return "there already";
    case "resumed":
      return "resumed";
  }
}

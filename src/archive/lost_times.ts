/** Times that the archive which is being made cannot hold: counted, so that they are reported. */
import { archiveHoldsTime } from "../formats/archive/archive_time.ts";
import { escapeName } from "../formats/archive/node_text.ts";
import type { ArchiveEventHandler } from "../formats/archive/archive.ts";

/** Looks at the nodes that are passed on to an archive. */
export class LostTimes {
  readonly #features: bigint;
  /** The names from the root to where it is. */
  readonly #names: Uint8Array[] = [];
  /** How many nodes have such a time. */
  count = 0;
  /** The first of them. */
  path = "";

  constructor(features: bigint) {
    this.#features = features;
  }

  /** Passes everything on to `onEvent`. */
  watch(onEvent: ArchiveEventHandler): ArchiveEventHandler {
    return (event) => {
      if (event.type === "node") {
        this.#names.push(event.node.name);
        if (!archiveHoldsTime(event.node.mtime, this.#features)) this.#note();
      } else if (event.type === "end") this.#names.pop();
      return onEvent(event);
    };
  }

  #note(): void {
    if (this.count++ > 0) return;
    this.path = this.#names.filter((name) => name.length > 0).map(escapeName).join("/") || ".";
  }
}

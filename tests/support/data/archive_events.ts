/** What an archive, a directory or a tar says, in a form that tests compare. */

import type { ArchiveEvent } from "../../../src/formats/archive/archive.ts";
import type { ArchiveNode } from "../../../src/formats/archive/archive_elements.ts";
import { joined } from "./joined.ts";
import { sha256 } from "../sha.ts";

/** A node with its path and, when it is a file, the digest of its bytes. */
export interface SeenNode extends Partial<Omit<ArchiveNode, "name" | "features">> {
  path: string;
  digest?: string;
}

/** Collects events and checks that they are nested as they should be. */
export class EventLog {
  readonly nodes: SeenNode[] = [];
  readonly #open: { node: SeenNode; pieces: Uint8Array[] }[] = [];
  #roots = 0;

  readonly onEvent = (event: ArchiveEvent): void => {
    const inside = this.#open.at(-1);
    if (event.type === "node") {
      const { name, features: _, ...rest } = event.node;
      if (inside === undefined) this.#roots++;
      else if (inside.node.kind !== "directory") throw new Error("a node inside of a file");
      const text = String.fromCharCode(...name);
      const path = inside === undefined ? text : `${inside.node.path}/${text}`;
      const node: SeenNode = { ...clean(rest), path };
      this.nodes.push(node);
      this.#open.push({ node, pieces: [] });
    } else if (event.type === "data") {
      if (inside?.node.kind !== "file") throw new Error("bytes outside of a file");
      inside.pieces.push(event.bytes.slice());
    } else if (event.type === "end") {
      const { node, pieces } = this.#open.pop()!;
      if (node.kind !== "file") return;
      const bytes = joined(pieces);
      if (bytes.length !== node.size) {
        throw new Error(`${node.path} has ${bytes.length} bytes, not ${node.size}`);
      }
      node.digest = sha256(bytes);
    }
  };

  /** All nodes, once everything has ended. */
  get all(): SeenNode[] {
    if (this.#open.length > 0 || this.#roots !== 1) throw new Error("not one whole tree");
    return this.nodes;
  }
}

/** Without what is not there. */
function clean<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

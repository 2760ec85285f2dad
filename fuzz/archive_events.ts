/** Events of archives, made fit to be compared. */
import { concat } from "../src/core/bytes.ts";
import type { ArchiveEvent } from "../src/formats/archive/archive.ts";

/** The same events with each file's bytes together: how they come depends on the pieces. */
export function joinData(events: readonly ArchiveEvent[]): ArchiveEvent[] {
  const joined: ArchiveEvent[] = [];
  let data: Uint8Array[] = [];
  for (const event of events) {
    if (event.type === "data") {
      data.push(event.bytes);
      continue;
    }
    if (data.length > 0) joined.push({ type: "data", bytes: concat(data) });
    data = [];
    joined.push(event);
  }
  if (data.length > 0) joined.push({ type: "data", bytes: concat(data) });
  return joined;
}

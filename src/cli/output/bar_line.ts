/** The line that shows how far a job is, as much of it as a terminal has columns for. */
import { originName } from "../../core/origin.ts";
import type { SourceCount } from "../../core/progress.ts";
import { withoutUnseen } from "../../core/foreign_text.ts";
import { formatBytes, formatSeconds } from "../../core/amounts.ts";

/** What is shown. */
export interface BarState {
  readonly done: number;
  /** 0 where it is not known. */
  readonly total: number;
  readonly unit: "bytes" | "chunks" | "directories";
  /** Amount a second. */
  readonly rate: number;
  /** Seconds that are left or, at the end, that it took; `undefined` where it is not known. */
  readonly seconds: number | undefined;
  readonly ended: boolean;
  readonly sources: readonly SourceCount[];
  /** What the sources' stored bytes are: read from them or, where chunks are stored, written for them. */
  readonly stored: "read" | "stored";
}

const WIDE_BAR = 24;
const NARROW_BAR = 10;
const GAP = "  ";

/** At most so many columns of text. Share and time are what is left at last. */
export function barLine(state: BarState, columns: number): string {
  const { done, total, unit, rate, seconds, ended } = state;
  const bytes = unit === "bytes";
  const speed = bytes ? `${formatBytes(rate)}/s` : `${Math.round(rate)}/s`;
  const shortTime = seconds === undefined ? "" : formatSeconds(seconds);
  const time = seconds === undefined ? "" : ended ? `in ${shortTime}` : `${shortTime} left`;
  const forms: string[][] = [];
  if (total === 0) {
    const amount = bytes ? formatBytes(done) : String(done);
    forms.push([`${amount} done`, speed, time], [`${amount} done`, time], [amount, shortTime], [amount]);
  } else {
    const share = Math.min(1, done / total);
    const number = `${Math.floor(share * 100)}%`;
    const percent = number.padStart(4);
    const bar = (cells: number) => {
      const full = Math.round(share * cells);
      return `[${"#".repeat(full)}${".".repeat(cells - full)}]${percent}`;
    };
    const amount = bytes ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total} ${unit}`;
    forms.push(
      [bar(WIDE_BAR), amount, speed, time],
      [bar(NARROW_BAR), amount, speed, time],
      [percent, amount, speed, time],
      [percent, amount, time],
      [bar(NARROW_BAR), time],
      [percent, time],
      [`${number} ${shortTime}`.trim()],
      [number],
    );
  }
  const lines = forms.map((parts) => parts.filter((part) => part !== "").join(GAP));
  const line = lines.find((line) => line.length <= columns) ?? "";
  if (!bytes || line !== lines[0]) return line;
  const room = columns - line.length - GAP.length;
  const from = [true, false].map((withStored) => origins(state, withStored))
    .find((text) => columnsOf(text) <= room);
  return from === undefined || from === "" ? line : line + GAP + from;
}

/** Which source gave how much: `cache: 1.2 GB, store: 300 MB (95 MB read)`. */
function origins({ sources, stored }: BarState, withStored: boolean): string {
  return sources.map(({ origin, bytes, storedBytes }) => {
    const showsStored = withStored && storedBytes > 0 && (stored === "stored" || storedBytes !== bytes);
    const more = showsStored ? ` (${formatBytes(storedBytes)} ${stored})` : "";
    return `${withoutUnseen(originName(origin))}: ${formatBytes(bytes)}${more}`;
  }).join(", ");
}

/** Characters that take two columns on most terminals, and those that take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** How much room a text with names in it takes, whose characters may be of any kind. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : NO_WIDTH.test(character) ? 0 : 1;
  return columns;
}

/** How a source looks in a plan: its name, colours and letter. */
import type { PlannedSource } from "../jobs/plan/update_plan.ts";
import type { OldUse } from "../jobs/plan/old_versions.ts";

/** Looks of one thing in each kind of picture. */
export interface Look {
  readonly light: string;
  readonly dark: string;
  /** Of the 256 colours of a terminal. */
  readonly terminal: number;
  /** Where there are no colours. */
  readonly letter: string;
}

/** A source and its looks. */
export interface StyledSource extends Look {
  readonly name: string;
  readonly source: PlannedSource;
}

type Kind = PlannedSource["origin"]["kind"];

/** What costs nothing is grey or cool; what is fetched is warm. Of several sources of a kind each has its own. */
const LOOKS: Readonly<Record<Kind, readonly Look[]>> = {
  "in place": [{ light: "#8d97a8", dark: "#717d90", terminal: 103, letter: "=" }],
  present: [{ light: "#8d97a8", dark: "#717d90", terminal: 103, letter: "=" }],
  resumed: [{ light: "#5f8f9c", dark: "#6ba3b2", terminal: 73, letter: "p" }],
  zeros: [{ light: "#d3d9e2", dark: "#3c4553", terminal: 250, letter: "0" }],
  self: [{ light: "#b08fd8", dark: "#9a7cc7", terminal: 140, letter: "r" }],
  input: [{ light: "#8d97a8", dark: "#717d90", terminal: 103, letter: "i" }],
  seed: [
    { light: "#3f78c9", dark: "#5a93e6", terminal: 68, letter: "s" },
    { light: "#6f9fe0", dark: "#3f6fb5", terminal: 111, letter: "t" },
    { light: "#2b4f96", dark: "#8fb8f2", terminal: 25, letter: "u" },
  ],
  cache: [{ light: "#3f9d63", dark: "#4fb377", terminal: 71, letter: "c" }],
  patched: [
    { light: "#c9a227", dark: "#e0bc4a", terminal: 179, letter: "D" },
    { light: "#a8b545", dark: "#bfcc5c", terminal: 143, letter: "E" },
  ],
  store: [
    { light: "#f0852d", dark: "#f79a48", terminal: 208, letter: "F" },
    { light: "#cf4b32", dark: "#e2664c", terminal: 167, letter: "G" },
    { light: "#dcae1d", dark: "#e8c24a", terminal: 178, letter: "H" },
    { light: "#b8487d", dark: "#d0659a", terminal: 132, letter: "I" },
  ],
  missing: [{ light: "#c4161c", dark: "#ff4d4f", terminal: 196, letter: "?" }],
};

/** The looks of old versions' parts. */
export const USE_LOOKS: Readonly<Record<OldUse, Look & { readonly name: string }>> = {
  "same place": {
    light: "#3f78c9",
    dark: "#5a93e6",
    terminal: 68,
    letter: "s",
    name: "used, at the same place",
  },
  moved: {
    light: "#21a3b5",
    dark: "#35bccd",
    terminal: 37,
    letter: "m",
    name: "used, moved to another place",
  },
  unused: { light: "#e3e7ed", dark: "#2d3440", terminal: 252, letter: "-", name: "no longer needed" },
};

/** The looks of origins, in their order: of several of a kind each has its own. */
export function looksOf(origins: readonly { readonly kind: Kind }[]): Look[] {
  const counts = new Map<Kind, number>();
  return origins.map(({ kind }) => {
    const turn = counts.get(kind) ?? 0;
    counts.set(kind, turn + 1);
    const looks = LOOKS[kind];
    return looks[Math.min(turn, looks.length - 1)];
  });
}

/** The sources of a plan with their looks. */
export function styledSources(sources: readonly PlannedSource[]): StyledSource[] {
  const storesNamed = sources.some(({ origin }) => origin.kind === "store");
  const looks = looksOf(sources.map(({ origin }) => origin));
  return sources.map((source, i) => ({ ...looks[i], name: nameOf(source, storesNamed), source }));
}

function nameOf({ origin }: PlannedSource, storesNamed: boolean): string {
  switch (origin.kind) {
    case "in place":
    case "present":
      return "in place already";
    case "resumed":
      return "written by the interrupted run";
    case "zeros":
      return "zeros, made here";
    case "self":
      return "repeats, copied within the blob";
    case "missing":
      return storesNamed ? "not found in any store" : "to be fetched (no store named)";
    case "input":
      return origin.location;
    case "seed":
      return `copied from seed ${origin.location}`;
    case "cache":
      return `read from cache ${origin.location}`;
    case "patched":
      return `made with delta ${origin.location}`;
    case "store":
      return `fetched from ${origin.location}`;
  }
}

/** A plan as text: the update ribbon, the sources, and what it costs. */
import { formatBytes } from "../core/amounts.ts";
import { withoutUnseen } from "../core/foreign_text.ts";
import type { PathCosts } from "../jobs/plan/path_costs.ts";
import type { UpdatePlan } from "../jobs/plan/update_plan.ts";
import { cellsOf } from "./cells.ts";
import { shortened } from "./markup.ts";
import {
  costOf,
  factsOf,
  headline,
  isUsed,
  pathsNote,
  percent,
  type PlanPictureOptions,
} from "./plan_facts.ts";
import { type Look, styledSources, USE_LOOKS } from "./source_styles.ts";

/** What a text may be given besides. */
export interface PlanTextOptions extends PlanPictureOptions {
  /** Characters in a line. Default: 80. */
  readonly columns?: number;
  /** Colours of a terminal, in place of letters. */
  readonly colour?: boolean;
}

const LABEL = 5;
const LEAST_CELLS = 10;
const LONGEST_TERM = 12;

/**
 * The plan as lines of text.
 *
 * @example What an update costs, with letters in place of colours
 * ```ts
 * import { MemoryStore, parseIndex, planText, updatePlan } from "@desync/desync";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const plan = await updatePlan(index, { stores: [new MemoryStore()] });
 * if (!planText(plan, { title: "casync-blob.caibx" }).includes("not found")) throw new Error("it is empty");
 * ```
 */
export function planText(plan: UpdatePlan, options: PlanTextOptions): string {
  const { columns = 80, colour = false, title } = options;
  const cells = Math.max(LEAST_CELLS, columns - LABEL - 3);
  const sources = styledSources(plan.sources);
  const widest = Math.max(1, plan.size, ...plan.oldVersions.map(({ size }) => size));
  const row = (looks: readonly Look[], numbers: readonly number[]) => paint(looks, numbers, colour);
  const bar = (size: number) => Math.max(1, Math.round(cells * size / widest));
  const lines = [shortened(withoutUnseen(title), columns), ...wrapped(headline(plan), 0, columns), ""];
  const label = (text: string, cells: string) => `${text.padEnd(LABEL)}${colour ? cells : `|${cells}|`}`;
  if (plan.size > 0) {
    lines.push(label("new", row(sources, cellsOf(plan.runs, ({ source }) => source, bar(plan.size)))));
  }
  const looks = Object.values(USE_LOOKS);
  const uses = Object.keys(USE_LOOKS);
  for (const old of plan.oldVersions) {
    if (old.size === 0) continue;
    lines.push(label("old", row(looks, cellsOf(old.runs, ({ use }) => uses.indexOf(use), bar(old.size)))));
  }
  lines.push("", ...legend(plan, sources, columns, colour), "");
  const facts = factsOf(plan, options);
  for (const [term, text] of facts) {
    lines.push(...wrapped(`${term.padEnd(LONGEST_TERM)}${text}`, LONGEST_TERM, columns));
  }
  if (plan.paths !== undefined) lines.push("", ...pathLines(plan.paths, columns));
  return `${lines.join("\n")}\n`;
}

function pathLines(paths: PathCosts, columns: number): string[] {
  const title = `Paths with the most new bytes, ${pathsNote(paths)}:`;
  const rows = paths.heaviest.map(({ path, newBytes, keptBytes }) =>
    `${formatBytes(newBytes).padStart(8)} ${formatBytes(keptBytes).padStart(8)}  ${
      shortened(withoutUnseen(path), Math.max(16, columns - 19))
    }`
  );
  return [...wrapped(title, 0, columns), `${"new".padStart(8)} ${"kept".padStart(8)}  path`, ...rows];
}

function paint(looks: readonly Look[], numbers: readonly number[], colour: boolean): string {
  if (!colour) return numbers.map((number) => looks[number].letter).join("");
  let text = "";
  let last = -1;
  for (const number of numbers) {
    if (number !== last) text += `\x1b[48;5;${looks[number].terminal}m`;
    text += " ";
    last = number;
  }
  return text === "" ? "" : `${text}\x1b[0m`;
}

function legend(
  plan: UpdatePlan,
  sources: ReturnType<typeof styledSources>,
  columns: number,
  colour: boolean,
): string[] {
  const sample = (look: Look) => paint([look], colour ? [0, 0] : [0], colour);
  const lines = sources.filter(({ source }) => isUsed(source)).flatMap((styled) => {
    const { bytes } = styled.source;
    const share = plan.size === 0 ? "" : percent(bytes / plan.size);
    const [name, cost] = [withoutUnseen(styled.name), costOf(styled.source)];
    const text = cost === "" ? name : `${name}: ${cost}`;
    const numbers = `${formatBytes(bytes).padStart(9)} ${share.padStart(8)}  `;
    const [first, ...rest] = wrapped(numbers + text, numbers.length, columns - 2);
    return [sample(styled) + first, ...rest.map((line) => ` ${line}`)];
  });
  if (plan.oldVersions.some(({ size }) => size > 0)) {
    const uses = Object.values(USE_LOOKS).map((look) => `${sample(look)} ${look.name}`);
    lines.push(...colour ? [`old: ${uses.join("   ")}`] : wrapped(`old: ${uses.join("; ")}`, LABEL, columns));
  }
  return lines;
}

/** The words in lines of that length. */
function wrapped(text: string, indent: number, columns: number): string[] {
  const lines: string[] = [];
  let line = text.slice(0, indent);
  let empty = true;
  for (const word of text.slice(indent).split(" ")) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = " ".repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

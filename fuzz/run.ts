/**
 * Gives the decoders inputs that others could make, changed by chance and led by what runs in them, and reports what must
 * not be: other errors than the decoder's own, messages that are not one clean line, memory or time out of proportion,
 * values that do not come back. CONTRIBUTING.md tells more.
 */
import { parseArgs } from "node:util";
import { messageOf } from "../src/core/errors.ts";
import { fuzz, type Result } from "./campaign.ts";
import { dropsRights } from "./child.ts";
import { keep } from "./keep.ts";
import { runAlone, save, smaller } from "./findings.ts";
import type { Target } from "./target.ts";
import { targetOf, TARGETS } from "./targets.ts";

const USAGE = `Usage: deno task fuzz [DECODER …] [--seconds N | --inputs N] [--seed S] [--keep]
       deno task fuzz DECODER --replay FILE

  --seconds N    time for all decoders together (default: 60)
  --inputs N     inputs for each decoder
  --seed S       repeat a run
  --keep         add what was found new to testdata/fuzz
  --replay FILE  try this input alone

Decoders: ${TARGETS.map(({ name }) => name).join(", ")}`;

const { values, replay, targets, seed, inputs, seconds } = commandLine();

function commandLine() {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: {
        seconds: { type: "string" },
        inputs: { type: "string" },
        seed: { type: "string" },
        keep: { type: "boolean", default: false },
        replay: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      say(USAGE);
      Deno.exit(0);
    }
    return {
      values,
      replay: values.replay === undefined ? undefined : Deno.readFileSync(values.replay),
      targets: positionals.length === 0 ? TARGETS : positionals.map(targetOf),
      seed: numberOf(values.seed, Date.now() % 0x1_0000_0000),
      inputs: numberOf(values.inputs, Infinity),
      seconds: numberOf(values.seconds, values.inputs === undefined ? 60 : Infinity),
    };
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(`fuzz: ${messageOf(error)}\n`));
    Deno.exit(2);
  }
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function numberOf(text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text);
  if (number >= 0) return number;
  throw new Error(`"${text}" is not a number`);
}

/** Whether nothing was found. */
async function fuzzOne(target: Target, seed: number, inputs: number, ms: number): Promise<boolean> {
  const result = await fuzz(target, seed, { inputs, ms });
  say(lineOf(target, result));
  for (const found of result.findings) {
    const finding = await smaller(target.name, found);
    say(`  ${finding.what.slice(0, 1000)}`);
    say(`    again: ${save(target.name, finding)}`);
  }
  if (values.keep) say(`  ${await keep(target.name, result)} inputs are kept`);
  return result.findings.length === 0;
}

function lineOf({ name }: Target, { inputs, seconds, slowest, corpus, findings }: Result): string {
  const rate = Math.round(inputs / seconds);
  return `${name.padEnd(12)} ${inputs} inputs, ${rate} a second, longest ${Math.round(slowest)} ms, ` +
    `corpus ${corpus.length}, findings ${findings.length}`;
}

if (dropsRights) say("Decoders run as nobody (through setpriv), who may write nothing.");
if (replay !== undefined) {
  const found = await runAlone(targets[0].name, replay);
  say(found?.what ?? "Nothing is wrong with it.");
  Deno.exit(found === undefined ? 0 : 1);
}
say(`seed ${seed}`);
let good = true;
for (const target of targets) {
  good = await fuzzOne(target, seed, inputs, 1000 * seconds / targets.length) && good;
}
Deno.exit(good ? 0 : 1);

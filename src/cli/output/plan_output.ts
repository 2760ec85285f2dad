/** Prints a plan in the form that was asked for. */
import { redactLocation } from "../../deno/schemes.ts";
import type { UpdatePlan } from "../../jobs/plan/update_plan.ts";
import { planHtml } from "../../pictures/plan_html.ts";
import { planJson } from "../../pictures/plan_json.ts";
import { planSvg } from "../../pictures/plan_svg.ts";
import { planText } from "../../pictures/plan_text.ts";
import type { PlanPictureOptions } from "../../pictures/plan_facts.ts";
import type { PlanForm } from "../flags/plan.ts";
import { jsonText, print } from "./output.ts";
import { outputColumns, showsColours } from "./terminal.ts";

/** Prints the plan to standard output. */
export function printPlan(plan: UpdatePlan, form: PlanForm, options: PlanPictureOptions): void {
  print(textOf(plan, form, options));
}

function textOf(plan: UpdatePlan, form: PlanForm, options: PlanPictureOptions): string {
  switch (form) {
    case "text":
      return planText(plan, { ...options, columns: outputColumns(), colour: showsColours(Deno.stdout) });
    case "json":
      return `${jsonText(planJson(plan, options))}\n`;
    case "svg":
      return planSvg(plan, options);
    case "html":
      return planHtml(plan, options);
  }
}

/** What a plan for this index is called. */
export function titleOf(index: string): string {
  return index === "-" ? "index on standard input" : redactLocation(index);
}

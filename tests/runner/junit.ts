/** Reports in JUnit's form. */

/** One report out of those of several runs, as `deno test` writes them. */
export function mergeReports(reports: readonly string[], seconds: number): string {
  const total = { tests: 0, failures: 0, errors: 0 };
  const suites: string[] = [];
  for (const report of reports) {
    const [, attributes, content] = /<testsuites ([^>]*)>(.*)<\/testsuites>/s.exec(report) ?? [];
    if (content === undefined) continue;
    for (const name of ["tests", "failures", "errors"] as const) {
      total[name] += Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
    }
    suites.push(content.trimEnd());
  }
  const { tests, failures, errors } = total;
  const counts = `tests="${tests}" failures="${failures}" errors="${errors}" time="${seconds.toFixed(3)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="deno test" ${counts}>${
    suites.join("")
  }\n</testsuites>\n`;
}

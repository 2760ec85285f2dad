/** What must be right in the definitions of commands and options, whichever there are. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { allCommands, COMMANDS, findCommand } from "../../src/cli/commands.ts";
import { describeFlags } from "../../src/cli/docs/description.ts";
import type { Flag } from "../../src/cli/flags/flag.ts";
import { GLOBAL_FLAGS, help, version } from "../../src/cli/flags/global.ts";
import { filesIn } from "../support/files.ts";
import { repository } from "../support/process.ts";

const cli = join(repository, "src", "cli");

Deno.test("a command is found by its name, and its definition and its code in files that are called so", async () => {
  for (const { name } of COMMANDS) {
    const file = `${name.replaceAll("-", "_")}.ts`;
    const exported = await import(pathToFileURL(join(cli, "commands", file)).href);
    const command = await findCommand(name);
    strictEqual(command?.name, name);
    deepStrictEqual(
      Object.values<{ load: unknown }>(exported).map(({ load }) => load),
      [command?.load],
      name,
    );
    ok(Deno.readTextFileSync(join(cli, "commands", file)).includes(`import("../run/${file}")`), name);
  }
  for (const room of ["commands", "run"]) strictEqual(filesIn(join(cli, room)).length, COMMANDS.length, room);
  for (const name of ["nope", "toString", "__proto__"]) strictEqual(await findCommand(name), undefined);
});

Deno.test("the README's table has every command", () => {
  const readme = Deno.readTextFileSync(join(repository, "README.md"));
  deepStrictEqual(COMMANDS.filter(({ name }) => !new RegExp(`^\\| \`${name}[ \`]`, "m").test(readme)), []);
});

Deno.test("no two options of a command have the same name", async () => {
  for (const { name, flags } of await allCommands()) {
    const names = describeFlags({ ...flags, ...GLOBAL_FLAGS, help, version }).flatMap(({ names }) => names);
    deepStrictEqual(names.filter((option, i) => names.indexOf(option) !== i), [], name);
  }
});

Deno.test("only the last argument of a command may be missing or repeated", async () => {
  for (const { name, args } of await allCommands()) {
    const earlier = Object.values(args).slice(0, -1);
    deepStrictEqual(earlier.filter(({ optional, repeated }) => optional || repeated), [], name);
  }
});

Deno.test("every option that is defined is one of a command", async () => {
  const used = new Set<unknown>(
    [GLOBAL_FLAGS, ...(await allCommands()).map(({ flags }) => flags)].flatMap(Object.values),
  );
  for (const name of filesIn(join(cli, "flags"))) {
    const values = Object.entries(await import(pathToFileURL(join(cli, "flags", name)).href));
    const unused = values.filter(([, value]) =>
      isFlag(value) && !used.has(value) && value !== help && value !== version
    );
    deepStrictEqual(unused.map(([option]) => option), [], name);
  }
});

function isFlag(value: unknown): value is Flag<unknown> {
  return typeof value === "object" && value !== null && "names" in value && "fallback" in value;
}

Deno.test("the help, completion and the manual load no command's code", () => {
  const done = join(cli, "run");
  for (
    const root of [
      "main.ts",
      "commands.ts",
      "docs/help.ts",
      "docs/manual.ts",
      "docs/description.ts",
      ...definitions(),
    ]
  ) {
    deepStrictEqual([...loadedBy(join(cli, root))].filter((path) => dirname(path) === done), [], root);
  }
  ok(loadedBy(join(cli, "run", "chunk.ts")).size > 50);
});

function definitions(): string[] {
  return filesIn(join(cli, "commands")).map((name) => join("commands", name));
}

/** All that is loaded with a module, without what it imports when it needs it. */
function loadedBy(path: string, loaded: Set<string> = new Set()): Set<string> {
  if (loaded.has(path)) return loaded;
  loaded.add(path);
  const imports = Deno.readTextFileSync(path).matchAll(/^(?:import|\}) (?!type\b)[^"()]*?from "(\.[^"]+)"/gm);
  for (const [, specifier] of imports) loadedBy(join(dirname(path), specifier), loaded);
  return loaded;
}

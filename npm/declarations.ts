/** The types of the package's modules: what the sources declare, file by file, without what is behind it. */
import ts from "npm:typescript@5.9.3";
import { dirname, join, relative } from "node:path";

/** For compilers whose libraries begin with ES2022 these declare what the types use besides. */
const REFERENCES = '/// <reference lib="esnext.disposable" />\n';

/** The compiler declares methods with such names a second time, as properties. */
const TWICE = /(?:^ *\/\*\*(?:(?!\*\/)[^])*\*\/\n)?^ *\[Symbol\.\w+\]: \([^()]*\) => [^;]+;\n/gm;

/**
 * Writes the declarations of these modules, and of all that they name, below the directory as they are below `root`.
 * Throws where a module's types would have to be inferred from others.
 */
export function declare(modules: readonly string[], root: string, directory: string): void {
  const seen = new Set(modules);
  // What is added meanwhile is visited as well.
  for (const module of seen) {
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(Deno.readTextFileSync(module), {
      fileName: module,
      reportDiagnostics: true,
      compilerOptions: {
        declaration: true,
        isolatedDeclarations: true,
        target: ts.ScriptTarget.ESNext,
        module: ts.ModuleKind.ESNext,
      },
    });
    const problems = diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    if (problems.length > 0) throw new Error(`${module}: ${problems.join("\n")}`);
    const text = outputText.replaceAll(TWICE, "").replaceAll(
      /((?:from|import) ?\(?")(\.[^"]+)\.ts"/g,
      (_, before, name) => {
        seen.add(join(dirname(module), `${name}.ts`));
        return `${before}${name}.js"`;
      },
    );
    const output = join(directory, relative(root, module).replace(/\.ts$/, ".d.ts"));
    Deno.mkdirSync(dirname(output), { recursive: true });
    Deno.writeTextFileSync(output, modules.includes(module) ? REFERENCES + text : text);
  }
}

/** The module that `deno test` gets for several test files: it loads them, and with them once what they share. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { filesVariable } from "./files_variable.ts";

const files: string[] = JSON.parse(Deno.env.get(filesVariable) ?? "[]");
Deno.env.delete(filesVariable);

for (const file of files) {
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    // The tests of the others run all the same.
    Deno.test(`${file} can be loaded`, () => {
      throw error;
    });
  }
}

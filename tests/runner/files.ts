/** Finds test files as `deno test` does. */

import { join } from "node:path";

const testFile = /(?:^|[._])test\.(?:[mc]?[jt]s|[jt]sx)$/;

/** Whether `deno test` takes a file of this name for tests. */
export function isTestFile(name: string): boolean {
  return testFile.test(name);
}

/** The test files in the directory and in all below it. */
export function testFilesIn(directory: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    if (isDirectory && name !== "node_modules" && name !== ".git") {
      found.push(...testFilesIn(join(directory, name)));
    } else if (isTestFile(name)) found.push(join(directory, name));
  }
  return found.sort();
}

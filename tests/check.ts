/** Checks the types of everything, and of the examples in the documentation: `deno task check`. */

import { documentedFiles } from "./support/documents/examples.ts";
import { repository } from "./support/process.ts";

const documents = documentedFiles().filter((file) => file.endsWith(".md"));
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["check", "--quiet", "--doc", ".", ...documents],
  cwd: repository,
}).spawn().status;
Deno.exit(code);

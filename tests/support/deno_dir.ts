/** Where npm packages lie already, for programs that are started with another HOME. */

import { run } from "./process.ts";

export const denoDir: string = await (async () => {
  const { stdout } = await run(Deno.execPath(), ["info", "--json"]);
  return (JSON.parse(stdout) as { denoDir: string }).denoDir;
})();

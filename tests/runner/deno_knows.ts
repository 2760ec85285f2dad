/** Options that not every Deno has. */

/** Whether the Deno that runs this knows the option of `deno <command>`, such as `--frozen`. */
export async function denoKnows(command: string, option: string): Promise<boolean> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: [command, "--help"] }).output();
  return new RegExp(`(^|\\s)${option}\\b`, "m").test(new TextDecoder().decode(stdout));
}

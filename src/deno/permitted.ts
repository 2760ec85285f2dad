/** Variables of the environment. */

/** A variable's value, empty when it is not set or may not be read. */
export function environment(name: string): string {
  if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") return "";
  return Deno.env.get(name) ?? "";
}

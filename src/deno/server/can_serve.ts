/** Whether this Deno can serve. */

/**
 * Denos before 2.9 cannot: their node:http neither limits the time that headers take nor, over TLS, asks clients for
 * certificates, and requests that are none stop it.
 */
export function canServe(version: string = Deno.version.deno): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}

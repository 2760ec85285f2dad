/** What node calls a system's error by, such as ENOENT. */

/** The code of a system's error, empty when it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

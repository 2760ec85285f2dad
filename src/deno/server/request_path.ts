/** What a request asks for. */

/** The path of what a request names: `/path?query`, or a whole URL as proxies are sent it (RFC 9112, 3.2). */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  if (path.startsWith("/")) return path;
  const [, rest] = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(.*)$/is.exec(path) ?? [];
  return rest === "" ? "/" : rest ?? path;
}

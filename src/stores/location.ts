/** How places are written: paths, URLs, and groups of them. */

/** The scheme of paths, which begin with none. */
export const PATH = "";

/** `https` of `https://…`, {@linkcode PATH} of a path. One letter is a drive of Windows. */
export function schemeOf(location: string): string {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1].toLowerCase() ?? PATH;
}

/** Whether it is a path of this machine, not a URL. */
export function isPath(location: string): boolean {
  return schemeOf(location) === PATH;
}

/** The stores of a group, `a|b`, of which one stands in for another. A location alone is a group of one. */
export function parseLocation(text: string): readonly string[] {
  return text.split("|");
}

/** Where an index lies: the store, and the name as it is written in the location. */
interface IndexLocation {
  readonly store: string;
  readonly name: string;
}

/** Takes the name out of an index's location; the query of a URL stays with the store. */
export function parseIndexLocation(text: string): IndexLocation {
  if (isPath(text)) {
    // Windows has both slashes.
    const start = Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\")) + 1;
    return { store: text.slice(0, start), name: text.slice(start) };
  }
  const { pathStart, end } = partsOf(text);
  const start = Math.max(pathStart, text.lastIndexOf("/", end - 1) + 1);
  return { store: text.slice(0, start) + text.slice(end), name: text.slice(start, end) };
}

/** Where an index or a file lies, as a location that has options: the directory, without a query. */
export function placeOf(text: string): string {
  const end = isPath(text) ? text.length : partsOf(text).end;
  const separator = text.includes("/") ? "/" : "\\";
  return text.slice(0, Math.max(0, text.lastIndexOf(separator, end - 1)));
}

/** The URL of what has that name in a store of indexes. */
export function urlOfIndex(store: string, name: string): string {
  const { end } = partsOf(store);
  const directory = store.slice(0, end);
  const separator = directory.endsWith("/") ? "" : "/";
  return directory + separator + name + store.slice(end);
}

/** The location of a file beside an index: its name is that of the index with `suffix` behind it. */
export function besideIndex(text: string, suffix: string): string {
  const { store, name } = parseIndexLocation(text);
  return isPath(text) ? `${text}${suffix}` : urlOfIndex(store, `${name}${suffix}`);
}

/** Where the path of a URL begins, and where it ends. */
function partsOf(url: string): { pathStart: number; end: number } {
  const hostStart = url.indexOf("://") + 3;
  const query = url.slice(hostStart).search(/[?#]/);
  const end = query < 0 ? url.length : hostStart + query;
  const slash = url.indexOf("/", hostStart);
  return { pathStart: slash < 0 || slash > end ? end : slash + 1, end };
}

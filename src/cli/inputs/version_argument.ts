/** What is written for a version of a blob or an archive: an index, or an index and the file that it is of. */

/** What the text names. */
export interface VersionArgument {
  /** A file or URL. */
  readonly index: string;
  /** The blob or archive, a file of this machine. */
  readonly blob?: string;
}

const SUFFIX = /\.cai[bd]x$/;
const INSIDE = /^(.*?\.cai[bd]x):(.+)$/;

/** `INDEX.caibx`, or `INDEX.caibx:BLOB`; the same with `.caidx`. What names a file as a whole (`exists`) is an index. */
export function parseVersion(text: string, exists: (path: string) => boolean): VersionArgument {
  if (exists(text)) return { index: text };
  const [, index, blob] = INSIDE.exec(text) ?? [];
  return index === undefined ? { index: text } : { index, blob };
}

/** The blob that would lie beside an index of that name. */
export function blobBeside(index: string): string | undefined {
  return SUFFIX.test(index) ? index.replace(SUFFIX, "") : undefined;
}

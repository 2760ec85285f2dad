/** What desync prints as mtree, with zeros for the blanks that it has in times: all other characters are to be the same. */
export function withZeros(mtree: string): string {
  return mtree.replace(/(?<= time=-?\d+\.) +/g, (blanks) => "0".repeat(blanks.length));
}

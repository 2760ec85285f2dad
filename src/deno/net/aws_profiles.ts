/** The files of Amazon's tools: sections with settings, one to a line. */

/** The settings of one section, by their names in small letters. */
export type Profile = ReadonlyMap<string, string>;

/** The sections by their names: `default`, and in `config` those that begin with `profile `. */
export function parseAwsProfiles(text: string): Map<string, Profile> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    // Indented lines belong to nested settings, such as those of `s3 =`.
    if (trimmed === "" || /^[#;]/.test(trimmed) || /^[ \t]/.test(line)) continue;
    if (trimmed.startsWith("[")) {
      const name = trimmed.slice(1).split("]")[0].trim().replaceAll(/[ \t]+/g, " ");
      current = sections.get(name) ?? new Map<string, string>();
      sections.set(name, current);
      continue;
    }
    const at = trimmed.indexOf("=");
    if (at > 0) current?.set(trimmed.slice(0, at).trim().toLowerCase(), trimmed.slice(at + 1).trim());
  }
  return sections;
}

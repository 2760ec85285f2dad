/** The netrc format: machines, each with a user's name and password, in words with any blanks between. */

/** A user of a machine. */
interface NetrcUser {
  readonly login: string;
  readonly password: string;
}

const WORD = /"((?:[^"\\]|\\.)*)"|(\S+)/g;

/**
 * The user for a host that the file names, `undefined` for none. What it has for all other hosts (`default`) is not
 * used: a store that is not named should see no password.
 */
export function netrcUser(text: string, host: string): NetrcUser | undefined {
  const found = machines(text).find(({ machine }) => machine?.toLowerCase() === host.toLowerCase());
  if (found?.password === undefined) return undefined;
  return { login: found.login ?? "", password: found.password };
}

type Machine = Partial<Record<"machine" | "login" | "password", string>>;

/** The ftp programs of BSD and GNU have two words for one. */
const FIELDS: ReadonlyMap<string, "login" | "password"> = new Map([
  ["login", "login"],
  ["password", "password"],
  ["passwd", "password"],
]);

function machines(text: string): Machine[] {
  const all: Machine[] = [];
  const words = wordsOf(text);
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === "default") all.push({});
    else if (word === "machine") all.push({ machine: words[++at] });
    else if (word === "account") at++;
    else {
      const field = FIELDS.get(word);
      if (field === undefined) continue;
      at++;
      const last = all.at(-1);
      if (last !== undefined) last[field] = words[at];
    }
  }
  return all;
}

/** Comments and macros, which end with an empty line, are left out. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let inMacro = false;
  for (const line of text.split(/\r?\n/)) {
    if (inMacro) inMacro = line.trim() !== "";
    else if (/^\s*macdef\b/.test(line)) inMacro = true;
    else if (!/^\s*#/.test(line)) {
      for (const [, quoted, plain] of line.matchAll(WORD)) {
        words.push(plain ?? quoted.replaceAll(/\\(.)/g, "$1"));
      }
    }
  }
  return words;
}

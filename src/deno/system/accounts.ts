/** Users and groups of this system by name, each looked up once. */
import { type Libc, libc, lookUpAccount, lookUpName } from "./libc.ts";

type Kind = "user" | "group";

/** Finds numbers for names, and names for numbers. */
export class Accounts {
  readonly #known = new Map<string, number | undefined>();
  readonly #names: Record<Kind, Map<number, string | undefined>> = { user: new Map(), group: new Map() };
  readonly #files = new Map<Kind, ReadonlyMap<string, number>>();
  #libc: Libc | null | undefined;

  /** Asks this library, or without one the files in /etc. Default: the program's, when it is first needed. */
  constructor(c?: Libc | null) {
    this.#libc = c;
  }

  /** The number of the user or group with this name; the given one when it has no name that is known here. */
  idOf(kind: Kind, name: string | undefined, id: number): number {
    if (name === undefined || name === "") return id;
    const key = `${kind} ${name}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#lookUp(kind, name));
    return this.#known.get(key) ?? id;
  }

  /** The name of the user or group with this number, `undefined` when it has none here. */
  nameOf(kind: Kind, id: number): string | undefined {
    const names = this.#names[kind];
    if (!names.has(id)) names.set(id, this.#lookUpName(kind, id));
    return names.get(id);
  }

  #library(): Libc | null {
    if (this.#libc === undefined) this.#libc = libc();
    return this.#libc;
  }

  #lookUpName(kind: Kind, id: number): string | undefined {
    const c = this.#library();
    if (c !== null) return lookUpName(c, kind, id);
    for (const [name, number] of this.#file(kind)) if (number === id) return name;
    return undefined;
  }

  #lookUp(kind: Kind, name: string): number | undefined {
    if (name.includes("\0")) return undefined;
    const c = this.#library();
    return c === null ? this.#file(kind).get(name) : lookUpAccount(c, kind, name);
  }

  #file(kind: Kind): ReadonlyMap<string, number> {
    let ids = this.#files.get(kind);
    if (ids === undefined) this.#files.set(kind, ids = readAccounts(kind));
    return ids;
  }
}

/** Name and number are the first and the third field of each line. */
function readAccounts(kind: Kind): Map<string, number> {
  let text = "";
  try {
    text = Deno.readTextFileSync(kind === "user" ? "/etc/passwd" : "/etc/group");
  } catch {
    // There is none, or it may not be read: numbers are used.
  }
  const lines = text.split("\n").map((line) => line.split(":")).filter((fields) =>
    /^\d+$/.test(fields[2] ?? "")
  );
  return new Map(lines.map(([name, , id]) => [name, Number(id)]));
}

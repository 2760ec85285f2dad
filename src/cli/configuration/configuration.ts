/** desync's configuration file: what it may say, checked, so that nothing in it is silently ignored. */
import { DesyncError, messageOf } from "../../core/errors.ts";
import { quotedText } from "../../core/foreign_text.ts";
import { redactLocation, SCHEMES } from "../../deno/schemes.ts";
import { schemeOf } from "../../stores/location.ts";
import { isHeaderValue } from "../parse/header_value.ts";
import { didYouMean } from "../parse/nearest.ts";
import { problemWithPattern } from "./store_pattern.ts";

/** Options of the stores that match a pattern, by desync's names. What is not set is missing. */
export interface StoreEntry {
  readonly n?: number;
  readonly "client-cert"?: string;
  readonly "client-key"?: string;
  readonly "ca-cert"?: string;
  readonly "trust-insecure"?: boolean;
  readonly "http-auth"?: string;
  readonly "http-cookie"?: string;
  /** In nanoseconds; negative: for ever. */
  readonly timeout?: number;
  readonly "error-retry"?: number;
  /** In nanoseconds. */
  readonly "error-retry-base-interval"?: number;
  readonly "skip-verify"?: boolean;
  readonly uncompressed?: boolean;
  readonly encryption?: boolean;
  readonly "encryption-algorithm"?: string;
  readonly "encryption-key"?: string;
}

/** Credentials of an S3 server, by desync's names. */
export interface S3Entry {
  readonly "access-key"?: string;
  readonly "secret-key"?: string;
  readonly "aws-credentials-file"?: string;
  readonly "aws-profile"?: string;
  readonly "aws-region"?: string;
}

/** Credentials of a registry, which newer versions of desync have. */
export interface OciEntry {
  readonly username?: string;
  readonly secret?: string;
}

/** What a file says, as plain data: entries by patterns of locations, or by servers. A section may be missing. */
export interface Configuration {
  /** The file, for messages. */
  readonly path: string;
  /** By `http(s)://host[:port]`. */
  readonly s3Credentials?: Readonly<Record<string, S3Entry>>;
  readonly ociCredentials?: Readonly<Record<string, OciEntry>>;
  readonly storeOptions?: Readonly<Record<string, StoreEntry>>;
}

/** What a value has to be. */
type Kind = "text" | "header" | "switch" | "number" | "natural number" | "natural number or -1";
type Kinds<Entry> = Readonly<Record<keyof Entry, Kind>>;

/** In the order in which desync writes them. */
export const STORE_KEYS: Kinds<StoreEntry> = {
  n: "natural number or -1",
  "client-cert": "text",
  "client-key": "text",
  "ca-cert": "text",
  "trust-insecure": "switch",
  "http-auth": "header",
  "http-cookie": "header",
  timeout: "number",
  "error-retry": "natural number",
  "error-retry-base-interval": "natural number",
  "skip-verify": "switch",
  uncompressed: "switch",
  encryption: "switch",
  "encryption-algorithm": "text",
  "encryption-key": "text",
};

export const S3_KEYS: Kinds<S3Entry> = {
  "access-key": "text",
  "secret-key": "text",
  "aws-credentials-file": "text",
  "aws-profile": "text",
  "aws-region": "text",
};

export const OCI_KEYS: Kinds<OciEntry> = { username: "text", secret: "text" };

const SECTIONS = ["s3-credentials", "oci-credentials", "store-options"] as const;

/** Values that are never printed. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(
  [
    "secret-key",
    "secret",
    "http-auth",
    "http-cookie",
    "encryption-key",
  ] satisfies (keyof StoreEntry | keyof S3Entry | keyof OciEntry)[],
);

/** Keys that people use for comments. */
const COMMENT = /^(?:[_$#]|\/\/)/;

/** What the file says. Throws `usage` with file and key for what is not a configuration, or has a key that is not known. */
export function parseConfiguration(bytes: Uint8Array, path: string): Configuration {
  return new Parser(path).parse(bytes);
}

class Parser {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  parse(bytes: Uint8Array): Configuration {
    const sections = new Map<string, unknown>();
    for (const [key, value] of this.#fields(this.#json(bytes), "it", SECTIONS)) sections.set(key, value);
    const s3Credentials = this.#section<S3Entry>(sections, "s3-credentials", S3_KEYS);
    for (const server of Object.keys(s3Credentials ?? {})) this.#checkServer(server);
    return {
      path: this.#path,
      s3Credentials,
      ociCredentials: this.#section<OciEntry>(sections, "oci-credentials", OCI_KEYS),
      storeOptions: this.#storeOptions(sections),
    };
  }

  #json(bytes: Uint8Array): unknown {
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (error) {
      // No more of the reason: it quotes the text, which may be a password.
      const place = / \(line \d+ column \d+\)/.exec(messageOf(error))?.[0] ?? "";
      throw this.#invalid(`invalid JSON${place}`);
    }
  }

  #storeOptions(sections: ReadonlyMap<string, unknown>): Configuration["storeOptions"] {
    const options = this.#section<StoreEntry>(sections, "store-options", STORE_KEYS);
    for (const pattern of Object.keys(options ?? {})) {
      const problem = problemWithPattern(pattern);
      if (problem === undefined) continue;
      throw this.#invalid(`${quotedText(redactLocation(pattern))} in store-options ${problem}`);
    }
    return options;
  }

  #section<Entry>(
    sections: ReadonlyMap<string, unknown>,
    name: typeof SECTIONS[number],
    kinds: Kinds<Entry>,
  ): Readonly<Record<string, Entry>> | undefined {
    const section = sections.get(name);
    if (section === undefined || section === null) return undefined;
    const entries = this.#object(section, name).map(([pattern, value]) => {
      const where = `${quotedText(redactLocation(pattern))} in ${name}`;
      return [pattern, this.#entry(value, where, kinds)] as const;
    });
    return Object.fromEntries(entries);
  }

  #entry<Entry>(value: unknown, where: string, kinds: Kinds<Entry>): Entry {
    const known = new Map<string, Kind>(Object.entries(kinds));
    const entry: Record<string, unknown> = {};
    for (const [key, field] of this.#fields(value, where, [...known.keys()])) {
      // As Go has it: nothing is said.
      if (field === null) continue;
      const problem = problemOf(field, known.get(key)!);
      if (problem !== undefined) throw this.#invalid(`${key} of ${where} ${problem}`);
      entry[key] = field;
    }
    // Each key is known, and has a value of its kind.
    return entry as Entry;
  }

  /** The fields of an object by their known names: Go does not mind the case. */
  #fields(value: unknown, where: string, known: readonly string[]): [key: string, value: unknown][] {
    return this.#object(value, where).filter(([key]) => !COMMENT.test(key)).map(([key, field]) => {
      const name = key.toLowerCase();
      if (known.includes(name)) return [name, field];
      const place = where === "it" ? "" : ` of ${where}`;
      throw this.#invalid(
        `unknown key ${quotedText(key)}${place}`,
        didYouMean(key, known) ?? `known are ${known.join(", ")}`,
      );
    });
  }

  #object(value: unknown, where: string): [key: string, value: unknown][] {
    if (value === null) return [];
    if (typeof value === "object" && !Array.isArray(value)) return Object.entries(value);
    throw this.#invalid(`${where} is not an object`);
  }

  /** Servers are compared as texts: what is written otherwise would never be found. */
  #checkServer(server: string): void {
    const name = `s3+${schemeOf(server)}`;
    const isServer = /^[a-z]+:\/\/[^/?#@\s]+$/.test(server);
    if (isServer && SCHEMES.some(({ names }) => names.includes(name))) return;
    throw this.#invalid(
      `${quotedText(redactLocation(server))} in s3-credentials is not a server`,
      "write it as https://host or https://host:port",
    );
  }

  #invalid(reason: string, hint?: string): DesyncError {
    return new DesyncError("usage", {
      action: "use",
      subject: `the configuration file ${this.#path}`,
      reason,
      hint,
    });
  }
}

/** What is wrong with a value, without the value, which may be secret. */
function problemOf(value: unknown, kind: Kind): string | undefined {
  switch (kind) {
    case "text":
      return typeof value === "string" ? undefined : "is not a string";
    case "header":
      return typeof value === "string" && (value === "" || isHeaderValue(value))
        ? undefined
        : "is not a string that a header can hold";
    case "switch":
      return typeof value === "boolean" ? undefined : "is neither true nor false";
    case "number":
      return Number.isSafeInteger(value) ? undefined : "is not a whole number";
    case "natural number":
      return Number.isSafeInteger(value) && Number(value) >= 0
        ? undefined
        : "is not a whole number of at least 0";
    case "natural number or -1":
      return value === -1 ? undefined : problemOf(value, "natural number");
  }
}

/** The head of an answer in HTTP/1.1 (RFC 9112), and where its body ends. */

/** What stands before the body. */
export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  /** Values by names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** Whether another request may follow on the connection. */
  readonly stays: boolean;
}

/** Where the body ends: after so many bytes, after its last chunk, or with the connection. */
export type BodyEnd = number | "chunked" | "close";

const STATUS = /^HTTP\/1\.([01]) ([2-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const HEADER = /^([!#$%&'*+\-.^_`|~\w]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** The lines of a head without the empty one. `undefined` for what servers should not answer, or do seldom. */
export function parseAnswerHead(text: string): AnswerHead | undefined {
  const [first, ...lines] = text.split("\r\n");
  const [, version, status, statusText = ""] = STATUS.exec(first) ?? [];
  if (version === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, given, padded] = HEADER.exec(line) ?? [];
    if (given === undefined) return undefined;
    const [name, value] = [given.toLowerCase(), padded.trim()];
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const connection = headers.get("connection")?.toLowerCase() ?? "";
  const stays = version === "1" && !/\bclose\b/.test(connection);
  return { status: Number(status), statusText, headers, stays };
}

/** Where the body of the answer ends. `undefined` for what is not understood, or has to be decoded. */
export function bodyEnd({ status, headers }: AnswerHead, method: string): BodyEnd | undefined {
  if (method === "HEAD" || status === 204 || status === 304) return 0;
  if ((headers.get("content-encoding")?.toLowerCase() ?? "identity") !== "identity") return undefined;
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  const length = headers.get("content-length");
  if (coding !== undefined) return coding === "chunked" && length === undefined ? "chunked" : undefined;
  if (length === undefined) return "close";
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** The bytes of a head as text. */
export function latin1(bytes: Uint8Array): string {
  // Spreading them takes ten times as long.
  return Reflect.apply(String.fromCharCode, null, bytes);
}

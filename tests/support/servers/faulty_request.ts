/** Takes HTTP/1.1 requests out of the bytes of a connection, for the faulty server. */

/** A request as it came. */
export interface FaultyRequest {
  method: string;
  /** Without the query. */
  path: string;
  /** What follows the question mark; empty when there is none. */
  query: string;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

/** Collects bytes until they are whole requests. Bodies need a Content-Length. */
export class RequestParser {
  #pending = new Uint8Array(0);

  /** The requests that are whole now. */
  push(data: Uint8Array): FaultyRequest[] {
    this.#pending = concat(this.#pending, data);
    const requests: FaultyRequest[] = [];
    for (let request = this.#take(); request !== undefined; request = this.#take()) requests.push(request);
    return requests;
  }

  #take(): FaultyRequest | undefined {
    const text = latin1.decode(this.#pending);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first, ...lines] = text.slice(0, end).split("\r\n");
    const [method, target] = first.split(" ");
    const headers = new Headers();
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const bodyStart = end + 4;
    const bodyEnd = bodyStart + Number(headers.get("content-length") ?? 0);
    if (this.#pending.length < bodyEnd) return undefined;
    const body = this.#pending.slice(bodyStart, bodyEnd);
    this.#pending = this.#pending.slice(bodyEnd);
    const question = target.indexOf("?");
    const path = question < 0 ? target : target.slice(0, question);
    return { method, path, query: question < 0 ? "" : target.slice(question + 1), headers, body };
  }
}

const latin1 = new TextDecoder("latin1");

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * In a worker: chunks from a web server that is near, over connections that wait. Each has one request at a time; while one
 * chunk is opened, the server works on the next ones. Whatever is unusual ends it: the main thread, which has the words and
 * the patience for it, requests those chunks again.
 */
import { type ChunkId, chunkPath, maxStoredSize, type StoredChunk, type StoredForm } from "../core/chunk.ts";
import { bodyEnd, latin1, parseAnswerHead } from "../deno/net/http1/answer_head.ts";
import { WaitingConnection } from "../deno/net/waiting_connection.ts";
import type { NearFailure } from "../stores/store.ts";
import type { NearRequests } from "../transfer/messages.ts";
import type { NearSource, Wanted } from "./near_source.ts";

/** A head has to fit, with what comes along. */
const HEAD_BYTES = 64 * 1024;
/** What a server says that does not have it. One that serves only one form may refuse the names of the other. */
const NOT_THERE = [404, 410];
const OTHER_NOT_THERE = [...NOT_THERE, 400];
/** What was requested of a server that is slow is waited for so much longer, in milliseconds, or it is requested twice. */
const GRACE_MS = 100;

type HttpRequests = Extract<NearRequests, { readonly kind: "http" }>;

interface Sent {
  readonly connection: WaitingConnection;
  /** Whether the server answered on it before, and may have closed it since. */
  readonly isUsed: boolean;
  readonly request: Uint8Array<ArrayBuffer>;
}

/** One for each thread: keeps connections open from task to task. */
export class NearFetch implements NearSource {
  #place = "";
  readonly #idle: WaitingConnection[] = [];
  /** Requests that wait for their answers, the first one first. */
  readonly #sent: Sent[] = [];
  #requests: HttpRequests | undefined;
  #wanted: readonly Wanted[] = [];
  #next = 0;
  /** How long answers are waited for yet in this task, in milliseconds. */
  #patience = 0;
  /** The last answer, and the connection's next. */
  #buffer = new Uint8Array(2 * HEAD_BYTES);
  readonly #encoder = new TextEncoder();
  failure: NearFailure | undefined;
  /** Whether there are no more answers either. */
  #isOver = false;

  /** Begins to request the chunks, for which {@linkcode take} is called in their order. */
  begin(requests: HttpRequests, wanted: readonly Wanted[]): void {
    const place = `${requests.address} ${requests.port}`;
    if (this.#sent.length > 0 || place !== this.#place) this.release();
    this.#place = place;
    this.#requests = requests;
    this.#wanted = wanted;
    this.#next = 0;
    this.#patience = requests.patienceMs;
    this.failure = undefined;
    this.#isOver = false;
    for (let i = 0; i < Math.min(requests.connections, wanted.length); i++) this.#send();
  }

  /** Absent is a chunk that the server has in neither form. */
  take(wanted: Wanted): StoredChunk | "absent" | null {
    const sent = this.#sent.shift();
    if (sent === undefined) return null;
    const limit = maxStoredSize(wanted.size);
    const { form } = this.#requests!;
    const other = form === "compressed" ? "plain" : "compressed";
    const first = this.#answerTo(sent, limit, NOT_THERE);
    const answer = first === null ? this.#askNow(wanted, other, limit) : first;
    if (answer === undefined || this.#isTooLate()) this.#fail();
    else this.#send();
    if (answer === null) return "absent";
    return answer === undefined ? null : { form: first === null ? other : form, bytes: answer };
  }

  get isHere(): boolean {
    return this.#sent.length === 0 || this.#sent[0].connection.hasMore;
  }

  /** Closes the connections. */
  release(): void {
    for (const connection of [...this.#idle, ...this.#sent.map(({ connection }) => connection)]) {
      connection[Symbol.dispose]();
    }
    this.#idle.length = 0;
    this.#sent.length = 0;
  }

  #fail(): void {
    this.failure ??= "unusual";
    this.#isOver = true;
    this.release();
  }

  /** Whether nothing is waited for any more: once the patience is over, no more is requested, and there is some grace. */
  #isTooLate(): boolean {
    if (this.#patience >= 0) return false;
    if (this.failure !== undefined) return true;
    this.failure = "slow";
    this.#patience = GRACE_MS;
    return false;
  }

  /** Sends the next request, if there is one. */
  #send(): void {
    if (this.failure !== undefined || this.#next === this.#wanted.length) return;
    if (this.#isStopped) return this.#fail();
    const sent = this.#sendFor(this.#wanted[this.#next++].id, this.#requests!.form);
    if (sent === null) this.#fail();
    else this.#sent.push(sent);
  }

  /** The request, sent; `null` when it could not be. */
  #sendFor(id: ChunkId, form: StoredForm): Sent | null {
    const request = this.#requestFor(id, form);
    const idle = this.#idle.pop();
    if (idle?.send(request)) return { connection: idle, isUsed: true, request };
    idle?.[Symbol.dispose]();
    const connection = this.#openWith(request);
    return connection && { connection, isUsed: false, request };
  }

  /** Asks for the chunk in another form, before anything else is sent, and waits for the answer. */
  #askNow({ id }: Wanted, form: StoredForm, limit: number): Uint8Array | null | undefined {
    if (this.#isOver || this.#isStopped) return undefined;
    const sent = this.#sendFor(id, form);
    return sent === null ? undefined : this.#answerTo(sent, limit, OTHER_NOT_THERE);
  }

  #openWith(request: Uint8Array<ArrayBuffer>): WaitingConnection | null {
    const { address, port } = this.#requests!;
    const connection = WaitingConnection.open(address, port);
    if (connection?.send(request)) return connection;
    connection?.[Symbol.dispose]();
    return null;
  }

  #requestFor(id: ChunkId, form: StoredForm): Uint8Array<ArrayBuffer> {
    const { directory, suffix, search, headers } = this.#requests!;
    const path = `${directory}${chunkPath(id, form, suffix)}${search}`;
    return this.#encoder.encode(`GET ${path} HTTP/1.1\r\n${headers}\r\n`);
  }

  /** The body of the answer; `null` for one of these statuses, `undefined` for everything else. */
  #answerTo(
    { connection, isUsed, request }: Sent,
    limit: number,
    notThere: readonly number[],
  ): Uint8Array | null | undefined {
    const first = this.#buffer.subarray(0, HEAD_BYTES);
    let used: WaitingConnection | null = connection;
    let isNew = !isUsed;
    let length = this.#receive(connection, first);
    if (length !== undefined && length <= 0 && isUsed) {
      connection[Symbol.dispose]();
      used = this.#openWith(request);
      isNew = true;
      length = used === null ? 0 : this.#receive(used, first);
    }
    if (used === null) return undefined;
    const answer = length !== undefined && length > 0 ? this.#read(used, length, limit, notThere) : undefined;
    if (answer?.stays) this.#idle.push(used);
    else used[Symbol.dispose]();
    // Connections for one chunk each are made better by the main thread, which adapts to what the server takes.
    if (answer?.stays === false && isNew) this.#fail();
    return answer?.body;
  }

  /** Whether the work is to end. */
  get #isStopped(): boolean {
    return Atomics.load(this.#requests!.stopped, 0) !== 0;
  }

  /**
   * Receives what is there next, or with `all` as many bytes as `into` takes. Returns how many; `undefined` when they do not
   * come in time, 0 or less at the end of the connection.
   */
  #receive(connection: WaitingConnection, into: Uint8Array<ArrayBuffer>, all = false): number | undefined {
    for (let at = 0;;) {
      const start = performance.now();
      const count = connection.receive(into.subarray(at), all);
      this.#patience -= performance.now() - start;
      if (count !== undefined && count <= 0) return count;
      at += count ?? 0;
      if (at === into.length || (at > 0 && !all)) return at;
      if (this.#isStopped || this.#isTooLate()) return undefined;
    }
  }

  /** The answer whose first bytes are in the buffer. */
  #read(
    connection: WaitingConnection,
    received: number,
    limit: number,
    notThere: readonly number[],
  ): { body: Uint8Array | null; stays: boolean } | undefined {
    let end = received;
    let start = endOfHead(this.#buffer, end);
    while (start < 0) {
      const isEnough = end === HEAD_BYTES || this.#isTooLate();
      const count = isEnough ? 0 : this.#receive(connection, this.#buffer.subarray(end, HEAD_BYTES)) ?? 0;
      if (count <= 0) return undefined;
      end += count;
      start = endOfHead(this.#buffer, end);
    }
    const head = parseAnswerHead(latin1(this.#buffer.subarray(0, start - 4)));
    const length = head === undefined ? undefined : bodyEnd(head, "GET");
    if (head === undefined || typeof length !== "number") return undefined;
    const isThere = head.status === 200;
    if (!isThere && !notThere.includes(head.status)) return undefined;
    // What comes without having been asked for would be taken for the next answer.
    if (length > (isThere ? limit : HEAD_BYTES) || end - start > length) return undefined;
    this.#makeRoom(start + length, end);
    const rest = this.#buffer.subarray(end, start + length);
    if (rest.length > 0 && this.#receive(connection, rest, true) !== rest.length) return undefined;
    return { body: isThere ? this.#buffer.subarray(start, start + length) : null, stays: head.stays };
  }

  #makeRoom(length: number, used: number): void {
    if (this.#buffer.length >= length) return;
    const larger = new Uint8Array(length);
    larger.set(this.#buffer.subarray(0, used));
    this.#buffer = larger;
  }
}

/** Where the body begins, in what has come so far; -1 when the head is not complete. */
function endOfHead(bytes: Uint8Array, length: number): number {
  for (let at = bytes.indexOf(13); at >= 0 && at + 4 <= length; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  return -1;
}

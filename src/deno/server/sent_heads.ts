/** Heads of answers, as node wrote them: for answers that are sent again and again. */
import type { ServerResponse } from "../../servers/handler.ts";
import type { NodeAnswer } from "./exchange.ts";

/** How long a head may be used, in milliseconds: it has the date, in seconds. */
const KEPT_MS = 1000;

/**
 * Node keeps the head of an answer in this field until it sends the body. Not documented, but as old as node; where there is
 * no such field, node writes every head.
 */
interface HeadHolder {
  _header?: string | null;
}

/**
 * The heads of one server. To have node check, order and join the same few headers anew costs a fifth of what a request for
 * a chunk in memory takes.
 */
export class SentHeads {
  #heads = new WeakMap<ServerResponse, string>();
  #since = 0;

  /** Gives the answer the head that the same response had a moment ago. False when there is none. */
  use(answer: NodeAnswer, response: ServerResponse): boolean {
    const now = performance.now();
    if (now - this.#since > KEPT_MS) {
      this.#heads = new WeakMap();
      this.#since = now;
    }
    const head = this.#heads.get(response);
    if (head === undefined) return false;
    (answer as HeadHolder)._header = head;
    answer.statusCode = response.status;
    return true;
  }

  /** Keeps the head that node wrote. */
  keep(answer: NodeAnswer, response: ServerResponse): void {
    const { _header: head } = answer as HeadHolder;
    if (typeof head === "string") this.#heads.set(response, head);
  }
}

/** Indexes over HTTP, as the clients of desync request them. */
import { answerContent } from "../content.ts";
import type { Handler } from "../handler.ts";
import { parseIndexPath } from "./index_name.ts";
import type { OnProblem } from "../problems.ts";
import type { ServedIndexes } from "./served_indexes.ts";
import { answerTo, plainAnswer } from "../statuses.ts";

/** How indexes are served. */
export interface AnswerIndexesOptions {
  /** Gets each failure that is not the client's. */
  readonly onProblem?: OnProblem;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT"]);

/** Answers GET, HEAD and PUT of `/<name>`. */
export function answerIndexes(indexes: ServedIndexes, options: AnswerIndexesOptions = {}): Handler {
  const { onProblem = () => {} } = options;
  const allow = indexes.writable ? "GET, HEAD, PUT" : "GET, HEAD";
  return async (request) => {
    const { method, path, signal } = request;
    if (!METHODS.has(method)) {
      return plainAnswer(405, `the method is not supported, only ${allow}`, { allow });
    }
    const name = parseIndexPath(path);
    if (name === undefined) return plainAnswer(400, "the path is not that of an index: /<name>");
    try {
      if (method === "PUT") {
        await indexes.replace(name, request);
        return plainAnswer(200, "stored");
      }
      const content = await indexes.get(name, signal);
      return content === null ? plainAnswer(404, "index not found") : answerContent(request, content);
    } catch (error) {
      return answerTo(error, onProblem);
    }
  };
}

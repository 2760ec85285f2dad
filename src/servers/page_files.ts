/** A page beside what a server has for programs: a few files in one directory. */
import { toHex } from "../core/bytes.ts";
import { answerContent, contentOf } from "./content.ts";
import type { Handler, ServerRequest, ServerResponse } from "./handler.ts";
import type { OnProblem } from "./problems.ts";
import { answerTo } from "./statuses.ts";

/** By the ends of names; no others are served. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  caibx: "application/octet-stream",
  caidx: "application/octet-stream",
};

/** One name, which cannot lead out of the directory. */
const PATH = /^\/(?!\.)([\w.-]{1,200}\.([a-z]+))$/;

/** The bytes of a file of the page, `null` when there is none of this name. */
export type ReadPageFile = (name: string, signal?: AbortSignal) => Promise<Uint8Array | null>;

/** The handler that also answers `/` and the files of the page. They are checked at each request, not kept by browsers. */
export function answerPage(handler: Handler, read: ReadPageFile, onProblem: OnProblem): Handler {
  const answer = async (request: ServerRequest, name: string, type: string): Promise<ServerResponse> => {
    try {
      const bytes = await read(name, request.signal);
      if (bytes === null) return await handler(request);
      const headers = {
        "content-type": type,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
      };
      return answerContent(request, contentOf(bytes, `"${await tagOf(bytes)}"`, headers));
    } catch (error) {
      return answerTo(error, onProblem);
    }
  };
  return (request) => {
    const { method, path } = request;
    if (method !== "GET" && method !== "HEAD") return handler(request);
    const [, name, ending] = PATH.exec(path === "/" ? "/index.html" : path) ?? [];
    const type = TYPES[ending ?? ""];
    return name === undefined || type === undefined ? handler(request) : answer(request, name, type);
  };
}

/** Shows whether the bytes are others. An index may be large: it is hashed beside other requests. */
async function tagOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return toHex(new Uint8Array(digest)).slice(0, 32);
}

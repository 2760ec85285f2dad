/** Chunks over HTTP, as the clients of casync and desync request them. */
import type { NamedChunk, StoredForm } from "../../core/chunk.ts";
import { BATCH_PATH } from "../../core/chunk_batch.ts";
import { answerBatch } from "./chunk_batch.ts";
import { parseChunkPath } from "./chunk_path.ts";
import type { ChunkUploads } from "./chunk_uploads.ts";
import { answerContent, matchesAny, notModified } from "../content.ts";
import type { Handler, ServerRequest, ServerResponse } from "../handler.ts";
import type { OnProblem } from "../problems.ts";
import { BodyMemory } from "../request_body.ts";
import { chunkTag, FROM, type ServedChunks } from "./served_chunks.ts";
import { answerTo, plainAnswer } from "../statuses.ts";

/** How chunks are served. */
export interface AnswerChunksOptions {
  /** Serve this form only, and refuse the names of the other. Default: both, converted where necessary. */
  readonly form?: StoredForm;
  /** Takes uploads. Default: they are refused. */
  readonly uploads?: ChunkUploads;
  /** Gets each failure that is not the client's. */
  readonly onProblem?: OnProblem;
}

/** Memory for the bodies of requests for several chunks: a few kilobytes each. */
const BATCH_MEMORY = 16 * 1024 * 1024;

/** Answers GET, HEAD and PUT of `/abcd/<id>.cacnk` and `/abcd/<id>`, and POST of `/chunks` for several. */
export function answerChunks(chunks: ServedChunks, options: AnswerChunksOptions = {}): Handler {
  const { form, uploads, onProblem = () => {} } = options;
  const allow = uploads === undefined ? "GET, HEAD" : "GET, HEAD, PUT";

  const memory = new BodyMemory(BATCH_MEMORY);

  const batch = async (request: ServerRequest): Promise<ServerResponse> => {
    try {
      return await answerBatch(chunks, request, memory, form ?? "compressed");
    } catch (error) {
      return answerTo(error, onProblem);
    }
  };

  const answer = async (request: ServerRequest, name: NamedChunk): Promise<ServerResponse> => {
    try {
      if (request.method !== "PUT") return await read(chunks, request, name);
      if (uploads === undefined) return plainAnswer(400, "writing to upstream chunk store is not enabled");
      return await upload(chunks, uploads, request, name);
    } catch (error) {
      return answerTo(error, onProblem);
    }
  };

  return (request) => {
    const { method, path } = request;
    const isRead = method === "GET" || method === "HEAD";
    const hot = isRead ? chunks.hot.get(path) : undefined;
    if (hot !== undefined) {
      chunks.counts[FROM.memory]++;
      return answerContent(request, hot);
    }
    if (method === "POST" && path === `/${BATCH_PATH}` && chunks.suffix === "") return batch(request);
    if (!isRead && method !== "PUT") {
      return plainAnswer(405, `the method is not supported, only ${allow}`, { allow });
    }
    const name = parseChunkPath(path, chunks.suffix);
    if (name === undefined || (form !== undefined && name.form !== form)) {
      return plainAnswer(400, `the path is not that of ${pathsOf(form, chunks.suffix)}`);
    }
    return answer(request, name);
  };
}

/** The paths that are served, in the words of an error. */
function pathsOf(form: StoredForm | undefined, suffix: string): string {
  const plain = `/<first 4 digits>/<id>${suffix}`;
  const compressed = `/<first 4 digits>/<id>.cacnk${suffix}`;
  const kind = suffix === "" ? "" : "encrypted ";
  if (form === "plain") return `an uncompressed ${kind}chunk: ${plain}`;
  if (form === "compressed") return `a compressed ${kind}chunk: ${compressed}`;
  return `${kind === "" ? "a" : "an encrypted"} chunk: ${compressed}, or without .cacnk`;
}

async function read(
  chunks: ServedChunks,
  request: ServerRequest,
  { id, form }: NamedChunk,
): Promise<ServerResponse> {
  const { signal, header } = request;
  const known = header("if-none-match");
  const tag = chunkTag(id, form, chunks.suffix);
  const isKnown = known !== undefined && matchesAny(known, tag);
  if (isKnown || request.method === "HEAD") {
    const length = isKnown ? undefined : await chunks.readySize(id, form);
    if (length === undefined && !await chunks.has(id, { signal })) return notFound(id);
    const headers = { ...chunks.headers, etag: tag };
    return isKnown ? notModified({ headers }) : { status: 200, headers, length };
  }
  const content = await chunks.get(id, form, { signal });
  return content === null ? notFound(id) : answerContent(request, content);
}

async function upload(
  chunks: ServedChunks,
  uploads: ChunkUploads,
  request: ServerRequest,
  { id, form }: NamedChunk,
): Promise<ServerResponse> {
  await uploads.store(id, form, request);
  chunks.renew(id);
  return plainAnswer(200, "stored");
}

function notFound(id: string): ServerResponse {
  return plainAnswer(404, `chunk ${id} not found`);
}

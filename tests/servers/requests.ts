/** Requests for handlers. */
import type { Handler, ServerRequest, ServerResponse } from "../../src/servers/handler.ts";

/** What a request may have. */
export interface RequestFields {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** The request, which says how long a body is that has a length. */
export function requestOf(
  method: string,
  path: string,
  { headers, body, signal }: RequestFields = {},
): ServerRequest {
  const whole = body instanceof Uint8Array;
  const all: Record<string, string> = { ...(whole && { "content-length": String(body.length) }), ...headers };
  return { method, path, header: (name) => all[name], body: whole ? pieces(body) : body ?? pieces(), signal };
}

/** What the handler answers. */
export async function ask(
  handler: Handler,
  method: string,
  path: string,
  fields: RequestFields = {},
): Promise<ServerResponse & { readonly text: string }> {
  const response = await handler(requestOf(method, path, fields));
  return { ...response, text: new TextDecoder().decode(response.body) };
}

/** A body of these pieces. */
export async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  for (const piece of all) yield await Promise.resolve(piece);
}

/** Lets everything run that can. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

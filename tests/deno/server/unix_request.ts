/** Requests through sockets in the file system, which fetch does not make. */
import http from "node:http";
import { canServe } from "../../../src/deno/server/can_serve.ts";

function request(socketPath: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  http.get({ socketPath, path, agent: false }, async (response) => {
    let text = "";
    for await (const piece of response) text += piece;
    resolve(text);
  }).on("error", reject);
  return promise;
}

/** A test for systems that have them; it gets what asks such a socket for a path. */
export function unixTest(name: string, fn: (ask: typeof request) => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows" || !canServe(), fn: () => fn(request) });
}

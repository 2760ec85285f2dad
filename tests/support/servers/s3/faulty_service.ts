/** A proxy before a real S3 service, which answers otherwise where a test says so: the service itself cannot be made to fail. */
import { request as send } from "node:http";
import { concat } from "../../../../src/core/bytes.ts";
import type { FaultyRequest } from "../faulty_request.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../faulty_server.ts";
import type { S3Service } from "./s3_service.ts";

/** Answers a request in the service's place, or with what `ask` has it answer; `undefined` when nothing is wrong. */
export type Fault = (
  request: FaultyRequest,
  ask: () => Promise<Answer>,
) => Answer | undefined | Promise<Answer | undefined>;

/** The proxy. The service is not stopped with it. */
export class FaultyService implements AsyncDisposable {
  /** What goes wrong now. */
  fault: Fault = () => undefined;
  readonly #service: S3Service;
  #server: FaultyServer | undefined;

  constructor(service: S3Service) {
    this.#service = service;
  }

  /** Starts it. */
  async start(): Promise<this> {
    const { port } = new URL(this.#service.url.replace("s3+", ""));
    this.#server = await startFaultyServer({}, async (request) => {
      const ask = () => forward(request, Number(port));
      return await this.fault(request, ask) ?? await ask();
    });
    return this;
  }

  /** What a location of the service is called through this. */
  location(location: string): string {
    return location.replace(this.#service.url, `s3+${this.#server!.url}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

/** Starts a proxy before that service. */
export async function startFaultyService(service: S3Service): Promise<FaultyService> {
  return await new FaultyService(service).start();
}

/** Headers that are about the connection, or that the proxy writes by itself. */
const OWN = ["connection", "content-length", "transfer-encoding", "keep-alive"];

/** As it came: its signature is for these headers, and so for the proxy's address. */
function forward({ method, path, query, headers, body }: FaultyRequest, port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = query === "" ? path : `${path}?${query}`;
    const options = { host: "127.0.0.1", port, method, path: target, headers: Object.fromEntries(headers) };
    const sent = send(options, (answer) => {
      const entries = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
      const all = {
        status: answer.statusCode,
        reason: answer.statusMessage,
        headers: Object.fromEntries(entries.filter(([name]) => !OWN.includes(name))),
      };
      if (method === "HEAD") {
        // Swift sends a body with errors all the same, which is an error to node.
        resolve({ ...all, length: Number(answer.headers["content-length"] ?? 0) });
        sent.destroy();
        return;
      }
      const pieces: Uint8Array[] = [];
      answer.on("data", (piece: Uint8Array) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () => resolve({ ...all, body: concat(pieces) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A bucket in memory, for what a real service cannot be made to do: faults in the middle, and lists of any length. */
import type { FaultyRequest } from "../faulty_request.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../faulty_server.ts";

/** An error as services send it. */
export function s3Failure(status: number, code: string, more = ""): Answer {
  return { status, body: `<Error><Code>${code}</Code><Message>It is so.</Message>${more}</Error>` };
}

/** What a list says of an object. */
interface Listed {
  readonly key: string;
  readonly size: number;
}

/** A page of a list. `next` is the token of the one that follows. */
export function s3Page(objects: Iterable<Listed>, next?: string): string {
  let text = `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>`;
  if (next !== undefined) text += `<NextContinuationToken>${next}</NextContinuationToken>`;
  const time = "<LastModified>2024-01-17T12:34:56Z</LastModified>";
  for (const { key, size } of objects) {
    text += `<Contents><Key>${key}</Key>${time}<Size>${size}</Size></Contents>`;
  }
  return `${text}</ListBucketResult>`;
}

/** The bucket. */
export class FakeBucket implements AsyncDisposable {
  /** By key. */
  readonly objects = new Map<string, Uint8Array>();
  /** Answers a request in its place; `undefined` for nothing wrong. */
  fault: (request: FaultyRequest) => Answer | undefined = () => undefined;
  #server: FaultyServer | undefined;
  readonly #pageSize: number;

  constructor(pageSize: number) {
    this.#pageSize = pageSize;
  }

  /** Starts it. */
  async start(): Promise<this> {
    this.#server = await startFaultyServer({}, (request) => this.fault(request) ?? this.#answer(request));
    return this;
  }

  /** Its location. */
  get location(): string {
    return `s3+${this.#server!.url}/bucket`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #answer({ method, path, query, body }: FaultyRequest): Answer {
    const key = decodeURIComponent(path.slice("/bucket/".length));
    const object = this.objects.get(key);
    switch (method) {
      case "PUT":
        this.objects.set(key, body);
        return {};
      case "DELETE":
        this.objects.delete(key);
        return { status: 204 };
      case "POST": {
        const keys = new TextDecoder().decode(body).matchAll(/<Key>([^<]*)<\/Key>/g);
        for (const [, key] of keys) this.objects.delete(key);
        return { body: "<DeleteResult/>" };
      }
      default:
        if (key === "") return { body: this.#page(new URLSearchParams(query)) };
        return object === undefined ? s3Failure(404, "NoSuchKey") : { body: object };
    }
  }

  #page(query: URLSearchParams): string {
    const [prefix, after] = [query.get("prefix") ?? "", query.get("continuation-token") ?? ""];
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, this.#pageSize);
    const next = keys.length > page.length ? page.at(-1) : undefined;
    return s3Page(page.map((key) => ({ key, size: this.objects.get(key)!.length })), next);
  }
}

/** Starts a bucket whose lists have pages of so many objects. */
export async function startFakeBucket(pageSize = 1000): Promise<FakeBucket> {
  return await new FakeBucket(pageSize).start();
}

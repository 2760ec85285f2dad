/** What answers requests, until something else takes its place. */
import type { Handler } from "../../servers/handler.ts";
import type { Service } from "./service.ts";

/** A service with the requests that it has not answered yet. */
interface Running {
  readonly service: Service;
  requests: number;
  /** Called when the last of them was answered, once nothing new is asked. */
  onIdle?: () => void;
}

/** Passes requests to the service that is the current one when they come. */
export class ReplaceableService implements Service {
  #current: Running;
  readonly #closing = new Set<Promise<void>>();

  constructor(service: Service) {
    this.#current = { service, requests: 0 };
  }

  get name(): string {
    return this.#current.service.name;
  }

  readonly handler: Handler = (request) => {
    const running = this.#current;
    const answer = running.service.handler(request);
    return answer instanceof Promise ? this.#counted(running, answer) : answer;
  };

  async #counted<T>(running: Running, answer: Promise<T>): Promise<T> {
    running.requests++;
    try {
      return await answer;
    } finally {
      running.requests--;
      if (running.requests === 0) running.onIdle?.();
    }
  }

  /** New requests go to that service. The old one is closed when its requests are answered. */
  replace(service: Service): void {
    const old = this.#current;
    this.#current = { service, requests: 0 };
    const closing = close(old).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#closing, close(this.#current)]);
  }
}

async function close(running: Running): Promise<void> {
  if (running.requests > 0) await new Promise<void>((resolve) => running.onIdle = resolve);
  await running.service[Symbol.asyncDispose]();
}

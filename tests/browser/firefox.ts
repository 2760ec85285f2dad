/** Firefox for tests, by WebDriver BiDi, which it speaks itself: https://w3c.github.io/webdriver-bidi */
import { peers } from "../support/peers.ts";
import { isLate, usualTimeout } from "../support/process.ts";
import type { TempDir } from "../support/temp.ts";

/** Nothing of its own goes out into the network: all but this machine is behind a proxy that is not there. */
const PREFERENCES: Readonly<Record<string, string | number>> = {
  "network.proxy.type": 1,
  "network.proxy.http": "127.0.0.1",
  "network.proxy.http_port": 9,
  "network.proxy.ssl": "127.0.0.1",
  "network.proxy.ssl_port": 9,
};

interface Message {
  readonly type: "success" | "error" | "event";
  readonly id?: number;
  readonly result?: unknown;
  readonly message?: string;
  readonly params?: { readonly level?: string; readonly text?: string };
}

interface Evaluated {
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

/** A headless Firefox with one page. */
export class Firefox implements AsyncDisposable {
  /** Errors in the page, and of the browser about it. */
  readonly problems: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #ended: Promise<unknown>;
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];
  #page = "";

  private constructor(child: Deno.ChildProcess, socket: WebSocket, output: Promise<unknown>) {
    this.#child = child;
    this.#socket = socket;
    const closed = new Promise<void>((resolve) => {
      socket.onclose = () => {
        for (const { reject } of this.#waiting) reject(new Error("Firefox has ended"));
        resolve();
      };
    });
    this.#ended = Promise.all([child.status, output, closed]);
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
  }

  /** Starts it, with a profile and downloads in that directory, and opens the page. */
  static async open(dir: TempDir, url: string): Promise<Firefox> {
    const preferences = {
      ...PREFERENCES,
      "browser.download.folderList": 2, // the one that is named:
      "browser.download.dir": dir.dir("downloads"),
    };
    const lines = Object.entries(preferences).map((entry) =>
      `user_pref(${JSON.stringify(entry).slice(1, -1)});\n`
    );
    dir.write("profile/user.js", lines.join(""));
    const child = new Deno.Command(peers.firefox!, {
      args: ["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", dir.path("profile")],
      // It needs a home of its own, and reports no crashes.
      env: { HOME: dir.dir("home"), MOZ_CRASHREPORTER_DISABLE: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      const [address, output] = await addressIn(child.stderr);
      const socket = new WebSocket(`${address}/session`);
      const opened = Promise.withResolvers<unknown>();
      socket.onopen = opened.resolve;
      socket.onerror = () => opened.reject(new Error(`no connection to Firefox at ${address}`));
      await opened.promise;
      const firefox = new Firefox(child, socket, output);
      await firefox.#send("session.new", { capabilities: {} });
      await firefox.#send("session.subscribe", { events: ["log.entryAdded"] });
      const tree = await firefox.#send("browsingContext.getTree", {}) as { contexts: { context: string }[] };
      firefox.#page = tree.contexts[0].context;
      await firefox.goTo(url);
      return firefox;
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      throw error;
    }
  }

  /** Opens another page in place of the one that is open. */
  async goTo(url: string): Promise<void> {
    await this.#send("browsingContext.navigate", { context: this.#page, url, wait: "complete" });
  }

  /** What the promise of that expression gives, as JSON has it. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send("script.evaluate", {
      expression: `(async () => JSON.stringify(await ${expression}))()`,
      target: { context: this.#page },
      awaitPromise: true,
    }) as Evaluated;
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return JSON.parse(result?.value ?? "null");
  }

  /** Ends it, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#send("browser.close", {}).catch(() => {});
    if (await isLate(this.#ended, 20_000)) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #send(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new Error("Firefox has ended");
    const answer = Promise.withResolvers<unknown>();
    const id = this.#waiting.push(answer) - 1;
    this.#socket.send(JSON.stringify({ id, method, params }));
    if (await isLate(answer.promise, usualTimeout)) {
      throw new Error(`Firefox did not answer ${method}; problems: ${this.problems.join("; ")}`);
    }
    return await answer.promise;
  }

  #take({ type, id, result, message, params }: Message): void {
    if (type === "event" && params?.level === "error") this.problems.push(params.text ?? "");
    if (id === undefined || id === null) return;
    if (type === "success") this.#waiting[id].resolve(result);
    else this.#waiting[id].reject(new Error(message));
  }
}

/** Where it says that it listens. The promise is that of the end of all that it says. */
async function addressIn(stderr: ReadableStream<Uint8Array>): Promise<[string, Promise<unknown>]> {
  const found = Promise.withResolvers<string>();
  const read = async (): Promise<void> => {
    let text = "";
    for await (
      const piece of stderr.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    ) {
      text += piece;
      const [, address] = /WebDriver BiDi listening on (ws:\S+)\n/.exec(text) ?? [];
      if (address !== undefined) found.resolve(address);
    }
    found.reject(new Error(`Firefox ended before it listened: ${text}`));
  };
  const output = read();
  if (await isLate(found.promise, usualTimeout)) throw new Error("Firefox does not listen");
  return [await found.promise, output];
}

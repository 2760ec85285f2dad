/** Says to a server exactly what a test wants, also what no HTTP client would. */
import net from "node:net";

/** A connection to a port of 127.0.0.1. */
export class RawClient implements Disposable {
  /** All that the server has said. */
  received = "";
  /** Resolved with all that it said when the connection is closed. */
  readonly closed: Promise<string>;
  readonly socket: net.Socket;

  constructor(port: number, text = "") {
    this.socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
    this.socket.setEncoding("latin1");
    this.socket.on("data", (data) => this.received += data);
    // A reset closes it as well.
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve(this.received)));
    this.send(text);
  }

  send(text: string): void {
    if (text !== "") this.socket.write(text, "latin1");
  }

  /** Waits until the server has said something that matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      if (this.socket.closed) throw new Error(`closed after ${JSON.stringify(this.received)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.received;
  }

  /** Waits until something has come, which is not read: for a socket that is paused. */
  async readable(): Promise<void> {
    while (this.socket.readableLength === 0 && this.received === "") {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/**
 * A TCP proxy on 127.0.0.1 that makes the way longer: all bytes arrive later by the same time, in order and at full
 * speed, as over a long line. Opening a connection is not delayed, only what is sent on it.
 */

import net from "node:net";

/** A running proxy. */
export class DelayProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: net.Server;
  readonly #sockets: Set<net.Socket>;

  constructor(port: number, server: net.Server, sockets: Set<net.Socket>) {
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Starts a proxy to a port of 127.0.0.1. A round trip through it takes twice `oneWay` milliseconds longer. */
export async function startDelayProxy(target: number, oneWay: number): Promise<DelayProxy> {
  const sockets = new Set<net.Socket>();
  const track = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = net.connect({ host: "127.0.0.1", port: target, allowHalfOpen: true, noDelay: true });
    track(near);
    track(far);
    forward(near, far, oneWay);
    forward(far, near, oneWay);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return new DelayProxy(address.port, server, sockets);
}

/** Sends what comes from one socket to the other, each piece `delay` milliseconds after it came. */
function forward(from: net.Socket, to: net.Socket, delay: number): void {
  const queue: { due: number; data: Uint8Array | undefined }[] = []; // no data: the end
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = (): void => {
    timer = undefined;
    const now = performance.now();
    while (queue.length > 0 && queue[0].due <= now) {
      const { data } = queue.shift()!;
      if (data === undefined) to.end();
      else to.write(data);
    }
    if (queue.length > 0) timer = setTimeout(flush, Math.ceil(queue[0].due - now));
  };
  const later = (data: Uint8Array | undefined): void => {
    queue.push({ due: performance.now() + delay, data });
    timer ??= setTimeout(flush, delay);
  };

  from.on("data", later);
  from.on("end", () => later(undefined));
  from.on("error", () => to.destroy());
  from.on("close", (hadError: boolean) => {
    if (hadError) to.destroy();
  });
  to.on("close", () => {
    clearTimeout(timer);
    queue.length = 0;
    from.destroy();
  });
}

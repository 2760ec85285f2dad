/** Connections as Deno has them, by node's sockets. */
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";

/** What has come and was not taken is no more than that and a piece. */
const MOST_WAITING = 256 * 1024;

/** What is used of Deno's options, for TLS too. */
interface Options {
  readonly hostname: string;
  readonly port: number;
  readonly caCerts?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly alpnProtocols?: string[];
}

/** A connection. While nothing is waited for, it does not keep the program from ending. */
class Connection {
  readonly #socket: Socket;
  /** What came and was not taken. */
  readonly #pieces: Uint8Array[] = [];
  #waiting = 0;
  #isOver = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (piece: Uint8Array) => {
      this.#pieces.push(piece);
      this.#waiting += piece.length;
      if (this.#waiting > MOST_WAITING) socket.pause();
      this.#wake();
    });
    socket.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
    const over = () => {
      this.#isOver = true;
      this.#wake();
    };
    socket.on("end", over);
    socket.on("close", over);
    socket.unref();
  }

  /** Some of the next bytes; `null` at the end. */
  async read(bytes: Uint8Array): Promise<number | null> {
    while (this.#pieces.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isOver) return null;
      this.#socket.ref();
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#socket.unref();
    }
    const [piece] = this.#pieces;
    const taken = piece.subarray(0, bytes.length);
    bytes.set(taken);
    if (taken.length < piece.length) this.#pieces[0] = piece.subarray(taken.length);
    else this.#pieces.shift();
    this.#waiting -= taken.length;
    if (this.#waiting <= MOST_WAITING && this.#socket.isPaused()) this.#socket.resume();
    return taken.length;
  }

  /** Returns when the system has taken all of them. */
  async write(bytes: Uint8Array): Promise<number> {
    this.#socket.ref();
    try {
      await new Promise<void>((resolve, reject) =>
        this.#socket.write(bytes, (error) => error ? reject(error) : resolve())
      );
    } finally {
      this.#socket.unref();
    }
    return bytes.length;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects to a port. */
export function connect({ hostname, port }: Options): Promise<Connection> {
  return opened(connectPlain({ host: hostname, port }), "connect");
}

/** The same with TLS. Only these authorities are trusted, node's own where none are given. */
export function connectTls(
  { hostname, port, caCerts = [], cert, key, alpnProtocols }: Options,
): Promise<Connection> {
  const socket = connectSecurely({
    host: hostname,
    port,
    servername: isIP(hostname) === 0 ? hostname : "",
    ca: caCerts.length > 0 ? caCerts : undefined,
    cert,
    key,
    ALPNProtocols: alpnProtocols,
  });
  return opened(socket, "secureConnect");
}

function opened(socket: Socket, event: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once(event, () => {
      socket.off("error", reject);
      resolve(new Connection(socket));
    });
  });
}

/** Ports of 127.0.0.1 for servers that do not choose one themselves. */
import { connect } from "node:net";

/**
 * Below the ports that systems give to clients, and to servers which leave the choice to it (Linux from 32768 on, others from
 * 49152): one of those could be given away between its choice here and its use.
 */
const [LOWEST, HIGHEST] = [11_000, 32_000];

/** Nobody listens there now, and nobody will who does not ask here. */
export function freePort(): number {
  return freePorts(1)[0];
}

/** So many different ones. */
export function freePorts(count: number): number[] {
  using open = new DisposableStack();
  const ports: number[] = [];
  while (ports.length < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    try {
      open.use(Deno.listen({ hostname: "127.0.0.1", port }));
    } catch (error) {
      // Taken, or on Windows reserved.
      if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) continue;
      throw error;
    }
    ports.push(port);
  }
  return ports;
}

/** Whether somebody listens there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Waits until the server listens there. Throws when it ends instead, and after a minute. */
export async function listening(server: { readonly ended: boolean }, port: number): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await answers(port)) {
    if (server.ended || performance.now() > end) throw new Error(`no server listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ports of 127.0.0.1 for servers that do not choose one themselves. */
import { connect } from "node:net";

/** Nobody listens there now. */
export function freePort(): number {
  return freePorts(1)[0];
}

/** So many different ones. */
export function freePorts(count: number): number[] {
  using open = new DisposableStack();
  return Array.from(
    { length: count },
    () => open.use(Deno.listen({ hostname: "127.0.0.1", port: 0 })).addr.port,
  );
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

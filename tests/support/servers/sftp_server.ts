/** OpenSSH's SFTP server on pipes, without ssh: what a session starts there in a few milliseconds. */
import type { Connection } from "../../../src/stores/protocol/connection.ts";
import { SessionPool } from "../../../src/stores/protocol/session_pool.ts";
import { SftpSession } from "../../../src/stores/sftp/sftp_session.ts";
import { peers } from "../peers.ts";

/** Starts the server, with options of its own such as `-R`. `started` gets what kills it. */
export function startSftpServer(
  options: readonly string[] = [],
  started: (kill: () => void) => void = () => {},
): Connection {
  const command = peers["sftp-server"];
  if (command === undefined) throw new Error('give the test `ignore: !peers["sftp-server"]`');
  const args = ["-e", "-l", "QUIET", "-u", "022", ...options];
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  started(() => child.kill("SIGKILL"));
  return {
    readable: child.stdout,
    writable: child.stdin,
    writesThrough: true,
    diagnose: async () => `status ${(await child.status).code}`,
    close: async () => void await child.status,
  };
}

/** Sessions with such servers. */
export function sftpSessions(...options: readonly string[]): SessionPool<SftpSession> {
  return sessionsOver(() => startSftpServer(options));
}

/** Sessions over these connections, one at a time. */
export function sessionsOver(connect: () => Connection, idleTimeoutMs = 60_000): SessionPool<SftpSession> {
  const open = (signal: AbortSignal) => SftpSession.open(connect(), { idleTimeoutMs }, signal);
  return new SessionPool({ open, maxSessions: 1, busy: Infinity });
}

/** Connections over ssh, by the program or by code of this one. */
import type { Connection } from "../../stores/protocol/connection.ts";
import type { WorkerConnection } from "../../stores/protocol/near_sessions.ts";
import { environment } from "../system/permitted.ts";
import { connectBySsh, connectBySshForWorkers } from "./ssh_command.ts";
import type { RemoteService, SshLocation } from "./ssh_location.ts";

/** How a connection is made. */
interface How {
  /** Without the ssh program. */
  readonly builtin?: boolean;
  /** There is another one: it fails rather than to ask the user for anything. */
  readonly isFurther?: boolean;
}

/** Connects to what serves a store on a host: by the ssh program, which knows the user's configuration, or built in. */
export async function connectSsh(
  service: RemoteService,
  location: SshLocation,
  { builtin = false, isFurther = false }: How,
): Promise<Connection> {
  if (builtin) return (await import("./ssh_builtin.ts")).connectBuiltin(service, location);
  return connectBySsh(sshProgram(), service, location, isFurther);
}

/** The same for workers, by the ssh program alone: `null` where that cannot be done. */
export function connectSshForWorkers(service: RemoteService, location: SshLocation): WorkerConnection | null {
  return connectBySshForWorkers(sshProgram(), service, location);
}

function sshProgram(): string {
  return environment("CASYNC_SSH_PATH") || "ssh";
}

/** Opens stores on hosts that are reached by ssh. */
import { ProtocolStore } from "../../stores/protocol/protocol_store.ts";
import type { Opener } from "../../stores/scheme.ts";
import { environment } from "../system/permitted.ts";
import { connectSsh, connectSshForWorkers } from "./connect_ssh.ts";
import { parseSshStore, pullCommand } from "./ssh_location.ts";

/** Sessions with a store that are opened unless the user says otherwise. */
const SESSIONS = 2;
/** No more are opened, whatever the user says: hosts refuse to start many at once (MaxStartups of sshd: 10). */
const MAX_SESSIONS = 8;

/** By the ssh program, which knows the user's configuration, or by code of this program. */
export const sshOpener: Opener = {
  openChunks: (text, { concurrency = SESSIONS, connections = Infinity, sshBuiltin, ...options }) =>
    Promise.try(() => {
      const location = parseSshStore(text);
      const remoteProgram = environment("CASYNC_REMOTE_PATH") || "casync";
      const service = { command: pullCommand(remoteProgram, location.path) };
      return new ProtocolStore({
        location: location.redacted,
        idleTimeoutMs: options.idleTimeoutMs,
        maxChunkSize: options.maxChunkSize,
        maxSessions: Math.min(concurrency, MAX_SESSIONS, connections),
        connectForWorkers: sshBuiltin ? undefined : () => connectSshForWorkers(service, location),
        connect: (isFurther) => connectSsh(service, location, { builtin: sshBuiltin, isFurther }),
      });
    }),
};

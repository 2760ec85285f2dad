/** Opens stores and indexes on hosts that are reached by SFTP over ssh. */
import { SessionPool } from "../../stores/protocol/session_pool.ts";
import type { Opener } from "../../stores/scheme.ts";
import { SftpBytes } from "../../stores/sftp/sftp_bytes.ts";
import { SftpIndexStore } from "../../stores/sftp/sftp_indexes.ts";
import type { SftpPlace } from "../../stores/sftp/sftp_place.ts";
import { SftpSession } from "../../stores/sftp/sftp_session.ts";
import { SftpStore } from "../../stores/sftp/sftp_store.ts";
import type { StoreOptions } from "../../stores/store_options.ts";
import { DEFAULT_RETRY } from "../../stores/wrappers/retry.ts";
import { connectSsh } from "./connect_ssh.ts";
import { parseSshLocation, parseSshStore, type SshLocation } from "./ssh_location.ts";

/** Sessions with a host. One fills a link; two use two processors for encryption. */
const SESSIONS = 2;
/** Pending requests on a session before another is opened: each chunk has two or three of them. */
const BUSY = 64;
/** Chunks that are read or written at a time. */
const CHUNKS = { start: 64, max: 256 };

/** The opener. Locations on one host share its sessions, which are closed when the opener is disposed of. */
export function openSftp(): Opener {
  const pools = new Map<string, SessionPool<SftpSession>>();
  const place = (location: SshLocation, options: StoreOptions): SftpPlace => {
    const { user, host, port, path, redacted } = location;
    const { idleTimeoutMs, sshBuiltin, connections = Infinity, concurrency = Infinity } = options;
    const maxSessions = Math.max(1, Math.min(SESSIONS, connections, concurrency));
    const key = JSON.stringify([user, host, port, idleTimeoutMs, sshBuiltin, maxSessions]);
    const sessions = pools.get(key) ?? new SessionPool({
      open: async (signal, isFurther) => {
        const how = { builtin: sshBuiltin, isFurther };
        const connection = await connectSsh({ subsystem: "sftp" }, location, how);
        return await SftpSession.open(connection, { idleTimeoutMs }, signal);
      },
      maxSessions,
      busy: BUSY,
    });
    pools.set(key, sessions);
    return { redacted, path, sessions };
  };
  return {
    openChunks: (text, options) =>
      Promise.try(() => {
        const { maxChunkSize, create, concurrency = CHUNKS.max, retry = DEFAULT_RETRY } = options;
        const limits = {
          start: Math.min(CHUNKS.start, concurrency),
          max: Math.min(CHUNKS.max, concurrency),
        };
        const suffix = options.encryption?.key.suffix;
        const more = { maxChunkSize, create, suffix, retry, concurrency: limits };
        return new SftpStore(place(parseSshStore(text), options), more);
      }),
    openIndexes: (text, options) =>
      Promise.try(() => new SftpIndexStore(place(parseSshLocation(text), options))),
    openBytes: (text, options) => Promise.try(() => new SftpBytes(place(parseSshLocation(text), options))),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...pools.values()].map((pool) => pool[Symbol.asyncDispose]()));
    },
  };
}

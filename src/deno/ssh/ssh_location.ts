/** `ssh://[user@]host[:port]/path`, or with `sftp`, taken apart. */
import { DesyncError } from "../../core/errors.ts";
import { parseUrl, percentDecoded } from "../../stores/url.ts";

/** Where a store is, and as whom to go there. */
export interface SshLocation {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  /** Path of the store on the host. */
  readonly path: string;
  /** The location without a password, for messages. */
  readonly redacted: string;
}

/** What ssh starts on the host: a command of its shell, or a subsystem of its server. */
export type RemoteService = { readonly command: string } | { readonly subsystem: string };

/** Takes a URL apart. Throws `usage` when it cannot be one, or could be taken for an option of ssh. */
export function parseSshLocation(text: string): SshLocation {
  const url = parseUrl(text);
  const user = url.username === "" ? undefined : percentDecoded(url.username);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const path = percentDecoded(url.pathname);
  const redacted = `${url.protocol}//${user === undefined ? "" : `${user}@`}${url.host}${url.pathname}`;
  const refuse = (reason: string, hint?: string) =>
    new DesyncError("usage", { action: "use", subject: redacted, reason, hint });
  if (url.password !== "") throw refuse("ssh takes no password from a URL", "use a key or the agent");
  if (url.search !== "" || url.hash !== "") throw refuse("write ? as %3F and # as %23 in its path");
  if (host === "" || host.startsWith("-") || user?.startsWith("-")) throw refuse("it names no host");
  if (HOST_UNFIT.test(host)) throw refuse("its host has characters that names of hosts do not have");
  if (USER_UNFIT.test(user ?? "")) throw refuse("its user has characters that names of users do not have");
  return { user, host, port: url.port === "" ? undefined : Number(url.port), path, redacted };
}

/** The same for a store. Throws `usage`, too, when the URL has no path. */
export function parseSshStore(text: string): SshLocation {
  const location = parseSshLocation(text);
  if (/^\/*$/.test(location.path)) {
    const reason = "it names no directory on the host";
    throw new DesyncError("usage", { action: "use", subject: location.redacted, reason });
  }
  return location;
}

/**
 * What ssh itself refuses since OpenSSH 9.6. Versions before put both into the commands of ProxyCommand and Match, which
 * a shell runs. Source: ssh.c, valid_hostname and valid_ruser.
 */
const HOST_UNFIT = /['`"$\\;&<>|(){}\s\p{Cc}]/u;
const USER_UNFIT = /['`";&<>|(){}\p{Cc}]|\s-|\\$/u;

/** A word that a POSIX shell takes as it is, whatever is in it. */
function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What the host is asked to run. `program` may have arguments of its own, as CASYNC_REMOTE_PATH may. */
export function pullCommand(program: string, path: string): string {
  return `${program} pull - - - ${shellQuoted(path)}`;
}

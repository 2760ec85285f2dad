/** Where a server listens: what the command line says, and what the system calls it. */
import { DesyncError } from "../../core/errors.ts";
import { environment } from "../system/permitted.ts";

/** A port of this machine, a socket in the file system, or a socket that was passed on by what started the program. */
export type ListenAddress =
  | { readonly kind: "port"; readonly host?: string; readonly port: number }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "descriptor"; readonly fd: number };

/** Ports by the names that `/etc/services` has for them. */
const SERVICES: Readonly<Record<string, number>> = { http: 80, https: 443, "http-alt": 8080 };

/** The first of the sockets that systemd passes on. */
const FIRST_PASSED = 3;

/**
 * The address that a text means: `HOST:PORT`, `:PORT` for every address of the machine, `[::1]:PORT`, a service (`:http`)
 * in the place of the port, `unix:PATH` or a path with a slash, and `fd:NUMBER` for a socket that was passed on.
 * Throws `usage` with the reason.
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, scheme, rest] = /^(unix|fd):(.*)$/s.exec(text) ?? [];
  if (scheme === "fd") return { kind: "descriptor", fd: checkedNumber(rest, FIRST_PASSED, 65_535, "socket") };
  if (scheme === "unix" || text.includes("/")) return { kind: "path", path: checkedPath(rest ?? text) };
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text) ?? [];
  if (port === undefined) {
    const hint = text.includes(":") ? "write IPv6 addresses as [::1]:8080" : `did you mean :${text}?`;
    throw new DesyncError("usage", { reason: "it is not an address such as :8080 or 127.0.0.1:8080", hint });
  }
  const host = bracketed ?? plain;
  return {
    kind: "port",
    host: host === "" ? undefined : checkedHost(host),
    port: Object.hasOwn(SERVICES, port) ? SERVICES[port] : checkedNumber(port, 0, 65_535, "port"),
  };
}

function checkedPath(path: string): string {
  if (path === "" || path.includes("\0")) {
    throw new DesyncError("usage", { reason: "it names no path for the socket" });
  }
  return path;
}

function checkedHost(host: string): string {
  if (/^[\w.:%-]+$/.test(host)) return host;
  throw new DesyncError("usage", { reason: `${JSON.stringify(host)} is not a host` });
}

function checkedNumber(text: string, least: number, most: number, what: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  const reason = `${JSON.stringify(text)} is not a ${what} (a number from ${least} to ${most})`;
  throw new DesyncError("usage", { reason });
}

/**
 * The sockets that systemd (or what does the same) passed to this process: as many as `LISTEN_FDS` says, if `LISTEN_PID` is
 * this process. See sd_listen_fds(3).
 */
export function passedSockets(): ListenAddress[] {
  if (environment("LISTEN_PID") !== String(Deno.pid)) return [];
  const text = environment("LISTEN_FDS");
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return Array.from({ length: count }, (_, i) => ({ kind: "descriptor", fd: FIRST_PASSED + i }));
}

/** The address for a message, before anything listens there. */
export function displayAddress(address: ListenAddress): string {
  if (address.kind === "path") return `unix:${address.path}`;
  if (address.kind === "descriptor") return `fd:${address.fd}`;
  const { host = "", port } = address;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

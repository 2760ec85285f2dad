/** Which proxy a request goes through, by the variables of the environment, as Go's programs read them. */
import { DesyncError } from "../../core/errors.ts";
import { percentDecoded } from "../../stores/url.ts";
import { urlWithoutSecrets } from "../../stores/redact.ts";
import { node } from "../system/node.ts";

/** A proxy as Deno takes it. */
export interface Proxy {
  readonly url: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
}

/** Every variable about proxies that is looked at, here and by Deno itself. */
export const PROXY_VARIABLES = [
  "HTTP_PROXY",
  "http_proxy",
  "HTTPS_PROXY",
  "https_proxy",
  "ALL_PROXY",
  "all_proxy",
  "NO_PROXY",
  "no_proxy",
] as const;

/** The values of variables, empty for those that are not set. */
type Variables = (name: typeof PROXY_VARIABLES[number]) => string;

/** The proxy for what is at `url`, `undefined` for none. Throws `usage` when a variable names one that is not usable. */
export function proxyFor(url: URL, variables: Variables): Proxy | undefined {
  const names = url.protocol === "https:"
    ? ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] as const
    : ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] as const;
  const name = names.find((name) => variables(name).trim() !== "");
  if (name === undefined || isDirect(url, variables("NO_PROXY") || variables("no_proxy"))) return undefined;
  return parseProxy(name, variables(name).trim());
}

const SCHEMES = ["http", "https", "socks5", "socks5h"];

function parseProxy(name: string, value: string): Proxy {
  const text = value.includes("://") ? value : `http://${value}`;
  const subject = `the proxy ${urlWithoutSecrets(text)} of ${name}`;
  const refuse = (reason: string, hint?: string) =>
    new DesyncError("usage", { action: "use", subject, reason, hint });
  if (!URL.canParse(text)) throw refuse("it is not a URL");
  const { protocol, host, hostname, username, password } = new URL(text);
  const scheme = protocol.slice(0, -1);
  if (!SCHEMES.includes(scheme)) throw refuse(`${scheme} is not supported`, `use ${SCHEMES.join(", ")}`);
  if (hostname === "") throw refuse("it names no host");
  const url = `${scheme}://${host}`;
  if (username === "" && password === "") return { url };
  return { url, basicAuth: { username: percentDecoded(username), password: percentDecoded(password) } };
}

/** Whether a list as in NO_PROXY names the host; this machine itself never goes through a proxy. */
function isDirect(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  if (host === "localhost" || matchesNetwork("127.0.0.0/8", host) || matchesNetwork("::1/128", host)) {
    return true;
  }
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.toLowerCase().split(/[\s,]+/).some((entry) => entry !== "" && matches(entry, host, port));
}

/** One entry: `*`, a network, or a name or address, both with or without a port. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return matchesNetwork(entry, host);
  const { name, of } = withoutPort(entry);
  if (of !== undefined && of !== port) return false;
  const version = node.net.isIP(name);
  if (version !== 0) {
    return node.net.isIP(host) === version && matchesNetwork(`${name}/${version === 4 ? 32 : 128}`, host);
  }
  // *.example.com and .example.com are the names below it, example.com is that one too.
  const below = name.replace(/^\*(?=\.)/, "");
  if (below.startsWith(".")) return host.endsWith(`.${ascii(below.slice(1))}`);
  return host === ascii(name) || host.endsWith(`.${ascii(name)}`);
}

function withoutPort(entry: string): { name: string; of?: string } {
  const [, bracketed, bracketedPort] = /^\[(.*)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { name: bracketed, of: bracketedPort };
  // An IPv6 address without brackets has more colons, and no port.
  const [, name, of] = /^([^:]*):(\d+)$/.exec(entry) ?? [];
  return name === undefined ? { name: entry } : { name, of };
}

function ascii(name: string): string {
  return node.url.domainToASCII(name) || name;
}

/** Whether a host that is an address is in the network, written as in 10.0.0.0/8. */
function matchesNetwork(network: string, host: string): boolean {
  const [address, prefix] = network.split("/");
  const { BlockList, isIP } = node.net;
  const [version, own] = [isIP(address), isIP(host)];
  if (version === 0 || own === 0 || !/^\d+$/.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128)) {
    return false;
  }
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), `ipv${version as 4 | 6}`);
  return list.check(host, `ipv${own as 4 | 6}`);
}

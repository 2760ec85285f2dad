/**
 * The real nginx over a directory, with a configuration, port and logs of its own:
 *
 *     await using server = await startNginx(root);
 *     await fetch(server.url);
 */

import { Daemon } from "./daemon.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { peers } from "../peers.ts";
import { run } from "../process.ts";
import { type TempDir, tempDir } from "../temp.ts";
import { freePort } from "./ports.ts";

/** What the server shall do besides serving files. */
export interface NginxOptions {
  /** List directories. */
  autoindex?: boolean;
  /** Speak TLS, with the certificates in the result. */
  https?: boolean;
  /** With https: let in only clients that show the client certificate. */
  clientCertificate?: boolean;
  /** Keep no log of the requests, which costs time. */
  unlogged?: boolean;
  /** Accept PUT, making directories as needed. */
  put?: boolean;
  /** Pass all requests on to the server with that address, unchanged. */
  proxyTo?: string;
  /** With put: take files of so many bytes at most. Default: of any size. */
  largest?: number;
  /** Content types by the ends of names, as in nginx's own mime.types. Everything else is an octet-stream. */
  types?: Readonly<Record<string, string>>;
}

/** Short, as the whole path of a socket may have about a hundred characters. */
const controlSocket = "c";

/** A running nginx. */
export class Nginx implements AsyncDisposable {
  /** Ends with a slash. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** With https: what to trust, and the client's certificate. */
  readonly certificates?: Certificates;
  readonly #daemon: Daemon;
  readonly #dir: TempDir;

  constructor(port: number, daemon: Daemon, dir: TempDir, certificates?: Certificates) {
    this.url = `${certificates ? "https" : "http"}://127.0.0.1:${port}/`;
    this.port = port;
    this.pid = daemon.pid;
    this.certificates = certificates;
    this.#daemon = daemon;
    this.#dir = dir;
  }

  /** One line for each request answered so far: `GET /path 200`. */
  async requests(): Promise<string[]> {
    await this.#settle();
    return Deno.readTextFileSync(this.#dir.path("access.log")).split("\n").filter((line) => line !== "");
  }

  /** nginx logs a request after it has answered it, but before it takes up the next thing: so give it a next thing. */
  async #settle(): Promise<void> {
    using control = await Deno.connect({ transport: "unix", path: this.#dir.path(controlSocket) });
    await control.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
    await control.read(new Uint8Array(1024));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
    this.#dir[Symbol.dispose]();
  }
}

/** Starts nginx over the directory `root`, on a free port of 127.0.0.1. */
export async function startNginx(root: string, options: NginxOptions = {}): Promise<Nginx> {
  const nginx = peers.nginx;
  if (nginx === undefined) throw new Error("nginx is not installed: give the test `ignore: !peers.nginx`");
  if (options.put && !(await run(nginx, ["-V"])).stderr.includes("http_dav_module")) {
    throw new Error("this nginx was built without its DAV module, which PUT needs");
  }
  const dir = tempDir();
  try {
    const certificates = options.https ? await makeCertificates(dir) : undefined;
    // Another program may take the port between its choice and its use; then try the next.
    for (let attempt = 0; attempt < 5; attempt++) {
      const port = freePort();
      const conf = dir.write("nginx.conf", configuration(root, port, dir, options, certificates));
      const daemon = new Daemon(nginx, ["-p", dir.root, "-e", dir.path("error.log"), "-c", conf]);
      // nginx writes its pid once it listens.
      if (await daemon.waitUntil(() => hasContent(dir.path("nginx.pid")))) {
        return new Nginx(port, daemon, dir, certificates);
      }
      await daemon.stop();
    }
    throw new Error(`nginx did not start:\n${Deno.readTextFileSync(dir.path("error.log"))}`);
  } catch (error) {
    dir[Symbol.dispose]();
    throw error;
  }
}

function configuration(
  root: string,
  port: number,
  dir: TempDir,
  options: NginxOptions,
  certificates: Certificates | undefined,
): string {
  const lines: string[] = [];
  if (options.autoindex) lines.push("autoindex on;");
  if (options.proxyTo !== undefined) {
    lines.push("client_max_body_size 0;", "location / {", `proxy_pass ${options.proxyTo};`);
    lines.push("proxy_set_header Host $http_host;", "}");
  }
  if (options.put) {
    const limit = `client_max_body_size ${options.largest ?? 0};`;
    lines.push("dav_methods PUT;", "create_full_put_path on;", limit);
  }
  if (certificates) {
    lines.push(
      `ssl_certificate "${certificates.serverCert}";`,
      `ssl_certificate_key "${certificates.serverKey}";`,
    );
    if (options.clientCertificate) {
      lines.push(`ssl_client_certificate "${certificates.ca}";`, "ssl_verify_client on;");
    }
  }
  const types = Object.entries(options.types ?? {}).map(([ending, type]) => `${type} ${ending};`);
  // One process without a master: there is one pid to stop, no worker can outlive it, and it reads what the test can.
  return `
master_process off;
daemon off;
pid "${dir.path("nginx.pid")}";
error_log "${dir.path("error.log")}" info;
events { worker_connections 1024; }
http {
  types { ${types.join(" ")} }
  default_type application/octet-stream;
  log_format short "$request_method $uri $status";
  access_log ${options.unlogged ? "off" : `"${dir.path("access.log")}" short`};
  client_body_temp_path "${dir.path("body")}";
  proxy_temp_path "${dir.path("proxy")}";
  fastcgi_temp_path "${dir.path("fastcgi")}";
  uwsgi_temp_path "${dir.path("uwsgi")}";
  scgi_temp_path "${dir.path("scgi")}";
  keepalive_requests 1000000;
  server {
    listen unix:${dir.path(controlSocket)};
    access_log off;
    return 204;
  }
  server {
    listen 127.0.0.1:${port}${certificates ? " ssl" : ""};
    root "${root}";
    ${lines.join("\n    ")}
  }
}
`;
}

function hasContent(path: string): boolean {
  try {
    return Deno.statSync(path).size > 0;
  } catch {
    return false;
  }
}

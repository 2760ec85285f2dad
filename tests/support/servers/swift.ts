/**
 * OpenStack Swift with its s3api, the S3 server of Debian's packages: a proxy, the servers of objects, containers and
 * accounts, and memcached, each on a port of its own, with all data below a temporary directory:
 *
 *     await using swift = await startSwift();
 *     const store = new S3Store(`${swift.url}bucket`, swift.options);
 */
import { connect } from "node:net";
import { S3Client, type S3Options } from "../../../src/stores/s3/s3_client.ts";
import { parseS3Location } from "../../../src/stores/s3/s3_location.ts";
import { peers } from "../peers.ts";
import { run } from "../process.ts";
import { type TempDir, tempDir } from "../temp.ts";
import { Daemon } from "./daemon.ts";

const ACCESS_KEY = "test:tester";
const SECRET_KEY = "testing";

/** Whether it can be started. */
export const canStartSwift = [
  peers.memcached,
  peers["swift-proxy-server"],
  peers["swift-account-server"],
  peers["swift-container-server"],
  peers["swift-object-server"],
  peers["swift-ring-builder"],
].every((program) => program !== undefined);

/** A running Swift. */
export class Swift implements AsyncDisposable {
  /** `s3+http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** Of its only user. */
  readonly options: S3Options = {
    credentials: () => ({ accessKey: ACCESS_KEY, secretKey: SECRET_KEY }),
  };
  /** The same for programs. */
  readonly env = {
    S3_ACCESS_KEY: ACCESS_KEY,
    S3_SECRET_KEY: SECRET_KEY,
    S3_SESSION_TOKEN: "",
    S3_REGION: "us-east-1",
  };
  readonly #daemons: Daemon[];
  readonly #dir: TempDir;
  #buckets = 0;

  constructor(port: number, daemons: Daemon[], dir: TempDir) {
    this.url = `s3+http://127.0.0.1:${port}/`;
    this.#daemons = daemons;
    this.#dir = dir;
  }

  /** Makes a bucket. Returns its location. */
  async bucket(): Promise<string> {
    const location = `${this.url}bucket${this.#buckets++}`;
    const client = new S3Client(parseS3Location(location), this.options);
    await client.request({ method: "PUT", action: "make" }, () => Promise.resolve());
    return location;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // They would finish what nobody wants any more.
    for (const daemon of this.#daemons) if (!daemon.ended) daemon.signal("SIGKILL");
    await Promise.all(this.#daemons.map((daemon) => daemon.stop()));
    this.#dir[Symbol.dispose]();
  }
}

/** Starts it. */
export async function startSwift(): Promise<Swift> {
  const dir = tempDir();
  const ports = freePorts(5);
  const [proxy, object, container, account, memcached] = ports;
  const user = (await run("/bin/sh", ["-c", "id -un"])).stdout.trim();
  dir.dir("disks/d1");
  dir.dir("recon");
  const builder = peers["swift-ring-builder"]!;
  dir.write(
    "conf/swift.conf",
    "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n",
  );
  const servers = { object, container, account };
  await Promise.all(
    Object.entries(servers).map(async ([name, port]) => {
      const file = dir.path(`conf/${name}.builder`);
      await run(builder, [file, "create", "2", "1", "0"]);
      await run(builder, [file, "add", `r1z1-127.0.0.1:${port}/d1`, "1"]);
      await run(builder, [file, "rebalance"]);
      const settings = [
        ...["[DEFAULT]", "bind_ip = 127.0.0.1", `bind_port = ${port}`, `devices = ${dir.path("disks")}`],
        ...[`swift_dir = ${dir.path("conf")}`, "mount_check = false", `user = ${user}`, "workers = 0"],
        ...[
          "[pipeline:main]",
          `pipeline = ${name}-server`,
          `[app:${name}-server]`,
          `use = egg:swift#${name}`,
        ],
        `recon_cache_path = ${dir.path("recon")}`,
      ];
      dir.write(`conf/${name}-server.conf`, `${settings.join("\n")}\n`);
    }),
  );
  dir.write("conf/proxy-server.conf", proxySettings(proxy, memcached, dir, user));
  const daemons = [
    new Daemon(peers.memcached!, ["-l", "127.0.0.1", "-p", String(memcached), "-u", user, "-m", "16"]),
    ...["object", "container", "account", "proxy"].map((name) =>
      new Daemon(peers[`swift-${name}-server` as keyof typeof peers]!, [dir.path(`conf/${name}-server.conf`)])
    ),
  ];
  const swift = new Swift(proxy, daemons, dir);
  try {
    const inOrder = [memcached, object, container, account, proxy];
    for (const [i, daemon] of daemons.entries()) await listening(daemon, inOrder[i]);
    return swift;
  } catch (error) {
    await swift[Symbol.asyncDispose]();
    throw error;
  }
}

function proxySettings(port: number, memcached: number, dir: TempDir, user: string): string {
  const filters = ["catch_errors", "gatekeeper", "cache", "listing_formats", "bulk", "s3api", "tempauth"];
  filters.push("copy", "slo", "dlo");
  const more: Record<string, string> = {
    cache: `memcache_servers = 127.0.0.1:${memcached}\n`,
    s3api: "s3_acl = false\nlocation = us-east-1\ncheck_bucket_owner = false\n",
    tempauth: `user_${ACCESS_KEY.replace(":", "_")} = ${SECRET_KEY} .admin\n`,
  };
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
swift_dir = ${dir.path("conf")}
user = ${user}
workers = 0
[pipeline:main]
pipeline = ${filters.join(" ")} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${filters.map((name) => `[filter:${name}]\nuse = egg:swift#${eggOf(name)}\n${more[name] ?? ""}`).join("")}`;
}

function eggOf(filter: string): string {
  return filter === "cache" ? "memcache" : filter;
}

async function listening(daemon: Daemon, port: number): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await answers(port)) {
    if (daemon.ended || performance.now() > end) throw new Error("Swift does not start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

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

function freePorts(count: number): number[] {
  using open = new DisposableStack();
  return Array.from(
    { length: count },
    () => open.use(Deno.listen({ hostname: "127.0.0.1", port: 0 })).addr.port,
  );
}

/**
 * OpenStack Swift with its s3api, the S3 server of Debian's packages: a proxy, the servers of objects, containers and
 * accounts in one process, and memcached, each on a port of its own, with all data below a temporary directory:
 *
 *     await using swift = await startSwift();
 *     const store = new S3Store(`${swift.url}bucket`, swift.options);
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { concat } from "../../../../src/core/bytes.ts";
import { peers } from "../../peers.ts";
import { repository, run } from "../../process.ts";
import { type TempDir, tempDir } from "../../temp.ts";
import { Daemon } from "../daemon.ts";
import { freePorts, listening } from "../ports.ts";
import { S3Service } from "./s3_service.ts";

const ACCESS_KEY = "test:tester";
const SECRET_KEY = "testing";

const program = join(repository, "tests/support/programs/swift_servers.py");

/** Whether it can be started. */
export const canStartSwift = [
  peers.memcached,
  peers["swift-proxy-server"],
  peers["swift-account-server"],
  peers["swift-container-server"],
  peers["swift-object-server"],
].every((program) => program !== undefined);

/** Starts it. */
export async function startSwift(): Promise<S3Service> {
  const dir = tempDir();
  const ports = freePorts(5);
  const [proxy, object, container, account, memcached] = ports;
  const user = (await run("/bin/sh", ["-c", "id -un"])).stdout.trim();
  dir.dir("disks/d1");
  dir.dir("recon");
  dir.write(
    "conf/swift.conf",
    "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n",
  );
  for (const [name, port] of Object.entries({ object, container, account })) {
    dir.write(`conf/${name}.ring.gz`, gzipSync(ring(port)));
    const settings = [
      ...["[DEFAULT]", "bind_ip = 127.0.0.1", `bind_port = ${port}`, `devices = ${dir.path("disks")}`],
      ...[`swift_dir = ${dir.path("conf")}`, "mount_check = false"],
      ...["[pipeline:main]", `pipeline = ${name}-server`, `[app:${name}-server]`, `use = egg:swift#${name}`],
      `recon_cache_path = ${dir.path("recon")}`,
    ];
    dir.write(`conf/${name}-server.conf`, `${settings.join("\n")}\n`);
  }
  dir.write("conf/proxy-server.conf", proxySettings(proxy, memcached, dir));
  const words = Object.entries({ object, container, account, proxy }).flatMap(
    ([name, port]) => [name, String(port), dir.path(`conf/${name}-server.conf`)],
  );
  const daemons = [
    new Daemon(peers.memcached!, ["-l", "127.0.0.1", "-p", String(memcached), "-u", user, "-m", "16"]),
    new Daemon(pythonOf(peers["swift-proxy-server"]!), [program, ...words]),
  ];
  const swift = new S3Service(proxy, ACCESS_KEY, SECRET_KEY, async () => {
    // They would finish what nobody wants any more.
    for (const daemon of daemons) if (!daemon.ended) daemon.signal("SIGKILL");
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    dir[Symbol.dispose]();
  });
  try {
    for (const port of ports) await listening(daemons[port === memcached ? 0 : 1], port);
    return swift;
  } catch (error) {
    await swift[Symbol.asyncDispose]();
    throw error;
  }
}

/** The interpreter in the script's first line: another Python may come first, and not have Swift. */
function pythonOf(script: string): string {
  return /^#! *(\S+)/.exec(Deno.readTextFileSync(script))![1];
}

/**
 * Where Swift looks for everything: on the one device that there is. `swift-ring-builder` would write it after three starts
 * of Python. A format and a length come first, then what JSON has; then, for each of four partitions, its device.
 */
function ring(port: number): Uint8Array {
  const ip = "127.0.0.1";
  const json = JSON.stringify({
    byteorder: "little",
    devs: [{ id: 0, device: "d1", region: 1, zone: 1, weight: 1, meta: "", ip, port }],
    part_shift: 30,
    replica_count: 1,
    version: 1,
  });
  const head = new DataView(new ArrayBuffer(10));
  new Uint8Array(head.buffer).set(new TextEncoder().encode("R1NG"));
  head.setUint16(4, 1);
  head.setUint32(6, json.length);
  return concat([new Uint8Array(head.buffer), new TextEncoder().encode(json), new Uint8Array(4 * 2)]);
}

function proxySettings(port: number, memcached: number, dir: TempDir): string {
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

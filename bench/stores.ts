/**
 * 200 MB into and out of stores elsewhere, at no latency and 50 ms away: a web server that takes uploads (nginx), S3
 * (Swift) and SFTP (OpenSSH).
 */
import { startDelayProxy } from "../tests/support/servers/delay_proxy.ts";
import { startNginx } from "../tests/support/servers/nginx.ts";
import { startSshd } from "../tests/support/servers/sshd.ts";
import { startSwift } from "../tests/support/servers/s3/swift.ts";
import { casyncStore, ours, path, peer, remove, run, same, systemFiles } from "./data.ts";
import { compare } from "./measure.ts";

const ONE_WAY_MS = 25;

/** A place for stores. */
interface Service extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** The store of that name, by way of the port. */
  location(port: number, store: string): string;
  /** What programs need to reach it by way of the port. */
  env(port: number): Readonly<Record<string, string>>;
  /** desync cannot fill it. */
  readonly isReadByDesync?: boolean;
}

/** Runs these comparisons. */
export async function benchStores(): Promise<void> {
  const file = await systemFiles("small", 200_000_000);
  const { index } = await casyncStore("small", file);
  for (const start of [startWebServer, startS3, startSftp]) {
    await using service = await start();
    const filled = service.location(service.port, "filled");
    await run(["env", ...settings(service.env(service.port)), ...ours, "chop", "-s", filled, index, file]);
    await measure(service, "no latency", service.port, index, file);
    await using proxy = await startDelayProxy(service.port, ONE_WAY_MS);
    await measure(service, "50 ms round trip", proxy.port, index, file);
  }
}

async function measure(
  service: Service,
  latency: string,
  port: number,
  index: string,
  file: string,
): Promise<void> {
  const env = settings(service.env(port));
  const programs = [["ours", ours], ["desync", [peer("desync")]]] as const;
  let stores = 0;
  await compare(
    `chop 200 MB into ${service.name}, ${latency}`,
    programs.slice(0, service.isReadByDesync ? 1 : 2).map(([name, program]) => ({
      name,
      command: () => {
        const store = service.location(port, `${latency.slice(0, 2)}${stores++}`);
        return ["env", ...env, ...program, "chop", "-s", store, index, file];
      },
    })),
  );
  await compare(
    `extract 200 MB out of ${service.name}, ${latency}`,
    programs.map(([name, program]) => ({
      name,
      command: [
        "env",
        ...env,
        ...program,
        "extract",
        "-s",
        service.location(port, "filled"),
        index,
        path(name),
      ],
      before: () => remove(name),
    })),
  );
  await same(file, path("ours"));
}

function settings(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** An empty directory of the data, which is gone in the end. */
function emptyDirectory(name: string): Disposable & { readonly path: string } {
  remove(name);
  Deno.mkdirSync(path(name), { recursive: true });
  return { path: path(name), [Symbol.dispose]: () => remove(name) };
}

async function startWebServer(): Promise<Service> {
  const root = emptyDirectory("uploads");
  const nginx = await startNginx(root.path, { put: true, unlogged: true });
  return {
    name: "a web server",
    port: nginx.port,
    location: (port, store) => `http://127.0.0.1:${port}/${store}/`,
    env: () => ({}),
    [Symbol.asyncDispose]: async () => {
      await nginx[Symbol.asyncDispose]();
      root[Symbol.dispose]();
    },
  };
}

async function startS3(): Promise<Service> {
  const swift = await startSwift();
  const bucket = new URL((await swift.bucket()).slice("s3+".length));
  return {
    name: "S3",
    port: Number(bucket.port),
    location: (port, store) => `s3+http://127.0.0.1:${port}${bucket.pathname}/${store}`,
    env: () => swift.env,
    // It sends what it calls aws-chunked, which Swift does not take.
    isReadByDesync: true,
    [Symbol.asyncDispose]: () => swift[Symbol.asyncDispose](),
  };
}

async function startSftp(): Promise<Service> {
  const root = emptyDirectory("sftp");
  const sshd = await startSshd();
  return {
    name: "SFTP",
    port: sshd.port,
    location: (_port, store) => {
      // Neither program makes it.
      Deno.mkdirSync(`${root.path}/${store}`, { recursive: true });
      return `sftp://127.0.0.1${root.path}/${store}`;
    },
    env: (port) => ({ CASYNC_SSH_PATH: sshd.ssh(port) }),
    [Symbol.asyncDispose]: async () => {
      await sshd[Symbol.asyncDispose]();
      root[Symbol.dispose]();
    },
  };
}

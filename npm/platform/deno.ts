/**
 * The part of Deno's own API that the sources use, by node's modules. There are no foreign functions (`dlopen`), of which
 * all callers have another way, and no locks.
 */
import * as fs from "node:fs";
import { errorCode } from "../../src/deno/system/error_code.ts";
import { Command } from "./command.ts";
import { connect, connectTls } from "./connection.ts";
import { fileInfo, FsFile, open, openSync, readDirSync, removeSync, seekMode } from "./file.ts";
import { createHttpClient } from "./http_client.ts";
import { consoleSize, stderr, stdin, stdout } from "./standard_streams.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };
const SYSTEMS: Readonly<Record<string, string>> = { win32: "windows" };

/** Errors of the system with one of these codes, whatever made them. */
function systemError(...codes: string[]) {
  return class {
    static [Symbol.hasInstance](error: unknown): boolean {
      return codes.includes(errorCode(error));
    }
  };
}

/** What there is in node of what the user of Deno may permit: all but foreign functions. */
function querySync({ name }: Deno.PermissionDescriptor) {
  return { state: name === "ffi" ? "denied" : "granted", partial: false };
}

/** Deno's namespace. */
export const onNode = {
  build: {
    os: SYSTEMS[process.platform] ?? process.platform,
    arch: ARCHITECTURES[process.arch] ?? process.arch,
    target: `${process.arch}-${process.platform}`,
    standalone: false,
  },
  /** None. */
  version: { deno: "", v8: process.versions.v8, typescript: "" },
  pid: process.pid,
  errors: {
    NotFound: systemError("ENOENT"),
    AlreadyExists: systemError("EEXIST"),
    PermissionDenied: systemError("EACCES", "EPERM"),
    BrokenPipe: systemError("EPIPE"),
    Busy: systemError("EBUSY"),
    /** Node takes any name of a directory. */
    InvalidData: systemError(),
  },
  SeekMode: seekMode,
  permissions: { querySync },
  env: {
    get: (name: string) => process.env[name],
    set: (name: string, value: string) => void (process.env[name] = value),
    delete: (name: string) => void delete process.env[name],
  },
  stdin,
  stdout,
  stderr,
  consoleSize,
  exit: (code: number) => process.exit(code),
  cwd: () => process.cwd(),
  uid: () => process.getuid?.() ?? null,
  gid: () => process.getgid?.() ?? null,
  umask: (mask?: number) => mask === undefined ? process.umask() : process.umask(mask),
  unrefTimer: (timer: NodeJS.Timeout) => void timer.unref(),
  addSignalListener: (name: string, listener: () => void) => void process.on(name, listener),
  removeSignalListener: (name: string, listener: () => void) => void process.off(name, listener),

  FsFile,
  open,
  openSync,
  readDirSync,
  removeSync,
  statSync: (path: string) => fileInfo(fs.statSync(path)),
  lstatSync: (path: string) => fileInfo(fs.lstatSync(path)),
  stat: async (path: string) => fileInfo(await fs.promises.stat(path)),
  realPathSync: (path: string) => fs.realpathSync.native(path),
  readLinkSync: (path: string) => fs.readlinkSync(path),
  mkdirSync: (path: string, options?: Deno.MkdirOptions) => void fs.mkdirSync(path, options),
  renameSync: fs.renameSync,
  chmodSync: fs.chmodSync,
  utimeSync: fs.utimesSync,
  readFileSync: (path: string) => new Uint8Array(fs.readFileSync(path)),
  readTextFileSync: (path: string) => fs.readFileSync(path, "utf8"),

  Command,
  createHttpClient,
  connect,
  connectTls,
};

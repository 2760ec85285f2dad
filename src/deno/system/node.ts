/**
 * Modules of node, loaded when they are first needed: the first takes a thread 10 ms, files 20 more, which most can do
 * without.
 */

/** The modules that are loaded. */
const loaded: {
  crypto?: typeof import("node:crypto");
  fs?: typeof import("node:fs");
  net?: typeof import("node:net");
  path?: typeof import("node:path");
  url?: typeof import("node:url");
  zlib?: typeof import("node:zlib");
} = {};

/** Each module by its name. */
export const node = {
  get crypto(): typeof import("node:crypto") {
    return loaded.crypto ??= process.getBuiltinModule("node:crypto");
  },
  get fs(): typeof import("node:fs") {
    return loaded.fs ??= process.getBuiltinModule("node:fs");
  },
  get net(): typeof import("node:net") {
    return loaded.net ??= process.getBuiltinModule("node:net");
  },
  get path(): typeof import("node:path") {
    return loaded.path ??= process.getBuiltinModule("node:path");
  },
  get url(): typeof import("node:url") {
    return loaded.url ??= process.getBuiltinModule("node:url");
  },
  get zlib(): typeof import("node:zlib") {
    return loaded.zlib ??= process.getBuiltinModule("node:zlib");
  },
};

/**
 * Modules of node, loaded when they are first needed: the first takes a thread 10 ms, files 20 more, which most can do
 * without.
 */

/** The modules that are loaded. */
const loaded: {
  crypto?: typeof import("node:crypto");
  fs?: typeof import("node:fs");
  path?: typeof import("node:path");
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
  get path(): typeof import("node:path") {
    return loaded.path ??= process.getBuiltinModule("node:path");
  },
  get zlib(): typeof import("node:zlib") {
    return loaded.zlib ??= process.getBuiltinModule("node:zlib");
  },
};

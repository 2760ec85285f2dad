/** All decoders that are fuzzed. */
import type { Target } from "./target.ts";
import { acl } from "./targets/acl.ts";
import { archive } from "./targets/archive.ts";
import { caexclude } from "./targets/caexclude.ts";
import { gzip, xz, zstd } from "./targets/compressed.ts";
import { config } from "./targets/config.ts";
import { delta, prefixed } from "./targets/delta.ts";
import { httpHead } from "./targets/http_head.ts";
import { index } from "./targets/index.ts";
import { jsonList } from "./targets/json_list.ts";
import { knownHosts } from "./targets/known_hosts.ts";
import { location } from "./targets/location.ts";
import { netrc } from "./targets/netrc.ts";
import { pax } from "./targets/pax.ts";
import { protocol } from "./targets/protocol.ts";
import { sftp } from "./targets/sftp.ts";
import { tables } from "./targets/tables.ts";
import { tar } from "./targets/tar.ts";
import { xml } from "./targets/xml.ts";

export const TARGETS: readonly Target[] = [
  index,
  archive,
  tables,
  tar,
  pax,
  acl,
  protocol,
  sftp,
  zstd,
  gzip,
  xz,
  caexclude,
  knownHosts,
  netrc,
  config,
  jsonList,
  location,
  xml,
  httpHead,
  delta,
  prefixed,
];

/** The decoder of this name. */
export function targetOf(name: string): Target {
  const target = TARGETS.find((one) => one.name === name);
  if (target !== undefined) return target;
  throw new Error(`No decoder ${name}; there are ${TARGETS.map((one) => one.name).join(", ")}`);
}

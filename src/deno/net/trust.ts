/** Which authorities Deno's own TLS trusts, beside those that each client is given. */
import { environment, mayUseVariables, withoutVariables } from "../system/permitted.ts";

/** Names the stores of authorities to trust. */
const STORES = "DENO_TLS_CA_STORE";
/** Names a file of more of them. */
const FILE = "DENO_CERT";

/** Whether it was told to trust none. */
let wasTold: boolean | undefined;
/** Whether this program has made no client before. */
let isFirst = false;

/** Says that nothing in this process has used TLS so far, nor will before {@linkcode trustsOnlyNamed} is asked. */
export function noTlsUsedYet(): void {
  isFirst = true;
}

/**
 * Tells it to trust none, where that is wanted, and says whether it certainly does. Deno reads them once in a process: when
 * a first client is made, when a first module is loaded by https, or when it looks for a newer Deno, which it does half a
 * second after the start of `deno run`. Then, and where its variables may not be set, it trusts them whatever is wanted.
 */
export function trustsOnlyNamed(wanted: boolean): boolean {
  wasTold ??= wanted && trustNone();
  // The TLS of node, which would be used else, is no better in Deno 2.6.
  return wasTold && ((isFirst && !mayLookForUpdates()) || Deno.version.deno.startsWith("2.6."));
}

/** An executable does not look for a newer Deno. */
function mayLookForUpdates(): boolean {
  return !Deno.build.standalone && environment("DENO_NO_UPDATE_CHECK") === "";
}

function trustNone(): boolean {
  if (import.meta.url.startsWith("https:") || !mayUseVariables([STORES, FILE])) return false;
  return withoutVariables([STORES, FILE], () => {
    // A list of stores with nothing in it; nothing at all would mean Deno's own.
    Deno.env.set(STORES, ",");
    try {
      Deno.createHttpClient({}).close();
      return true;
    } finally {
      Deno.env.delete(STORES);
    }
  });
}

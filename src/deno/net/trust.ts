/** Which authorities Deno's own TLS trusts, beside those that each client is given. */
import { mayUseVariables, withoutVariables } from "../system/permitted.ts";

/** Names the stores of authorities to trust. */
const STORES = "DENO_TLS_CA_STORE";
/** Names a file of more of them. */
const FILE = "DENO_CERT";

/** Whether it trusts none, once that is settled. */
let trustsNone: boolean | undefined;

/**
 * Settles that it trusts none, where that is wanted, and says whether it does. Deno reads them once in a process: when it
 * makes its first client, or when it loads its first module by https. Then, and where its variables may not be set, it
 * trusts them whatever is wanted.
 */
export function trustsOnlyNamed(wanted: boolean): boolean {
  trustsNone ??= wanted && trustNone();
  return trustsNone;
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

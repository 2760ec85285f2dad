/** What is used of `navigator`, which Node has since 21. */
import { availableParallelism } from "node:os";
import { VERSION } from "../../src/core/version.ts";

/** The number of processors, and what this program is called in requests. */
export const navigator = { hardwareConcurrency: availableParallelism(), userAgent: `desync/${VERSION}` };

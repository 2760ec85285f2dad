/** Several chunks in one answer of a chunk server: what clients and servers agree on. */

/** The path of the request, below the store: POST, with ids of 64 digits, one a line. */
export const BATCH_PATH = "chunks";
/** Ids in a request at most. */
export const MOST_IN_BATCH = 64;
/**
 * When an answer has so many bytes, the rest of the chunks is omitted, and has to be requested again. It is made of messages
 * of the casync protocol: CHUNK and MISSING, in the order of the ids.
 */
export const BATCH_BYTES: number = 4 * 1024 * 1024;

/** What threads for the work on chunks are called: others of a program are none of these. */
export const WORKER_NAME = "chunks";
/** Those of a program that ends when its work does. */
export const PROGRAM_WORKER_NAME = "chunks of a program";

/** s3rver, an S3 server in JavaScript: `s3rver.ts PORT DIRECTORY`. */

/** Not in a literal import, which Deno would fetch for all who check the types of the tests. */
const PACKAGE = "npm:@20minutes/s3rver@5.0.0";

const { default: S3rver } = await import(PACKAGE);
const [port, directory] = Deno.args;
await new S3rver({ address: "127.0.0.1", port: Number(port), directory, silent: true }).run();

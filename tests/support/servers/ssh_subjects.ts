/** What the tests over a real sshd have in common: who serves, who asks, and what is asked for. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cliCommand } from "../cli_command.ts";
import { denoDir } from "../deno_dir.ts";
import { makeBlob } from "../made.ts";
import { peers } from "../peers.ts";
import type { RunResult } from "../process.ts";
import { Random } from "../random.ts";
import type { Sshd } from "./sshd.ts";
import type { TempDir } from "../temp.ts";
import { smallBlob, testdata } from "../testdata.ts";
import { amount } from "../thorough.ts";

/** A store, an index, and what they hold. */
export interface Subject {
  readonly store: string;
  readonly index: string;
  readonly bytes: Uint8Array;
}

export const small = (): Subject => ({
  store: testdata("casync-zstd.castr"),
  index: testdata("casync-small.caibx"),
  bytes: smallBlob(),
});

/** Enough chunks to keep several sessions busy. */
export function many(dir: TempDir, count = amount(100, 300)): Subject {
  const generator = new Random(77);
  const pieces = Array.from({ length: count }, () => generator.bytes(1000 + generator.below(3000)));
  return makeBlob(dir, pieces, { name: "many" });
}

export const programs = {
  ours: [...cliCommand],
  casync: [peers.casync ?? ""],
  desync: [peers.desync ?? ""],
};
export type Program = keyof typeof programs;

export const ignoreWithout = (...names: Program[]) =>
  !peers.sshd || names.some((name) => name !== "ours" && peers[name] === undefined);

/** What the clients need to get to the server, where they find the program as `remote`. */
export function environmentFor(server: Sshd, remote: Program, port?: number): Record<string, string> {
  return {
    CASYNC_SSH_PATH: server.ssh(port),
    CASYNC_REMOTE_PATH: server.remote(...programs[remote]),
    HOME: server.home,
    DENO_DIR: denoDir,
  };
}

export function url(server: Sshd, path: string): string {
  return `ssh://127.0.0.1:${server.port}${path.split("/").map(encodeURIComponent).join("/")}`;
}

export function assertSame(target: string, bytes: Uint8Array): void {
  ok(new Uint8Array(Deno.readFileSync(target)).every((byte, i) => byte === bytes[i]), `${target} differs`);
  strictEqual(Deno.statSync(target).size, bytes.length);
}

export function assertGood(result: RunResult): void {
  deepStrictEqual([result.code, result.stderr], [0, ""]);
}

/** extract that is killed: the next run goes on from there. */
import { makeFromFile } from "../../../src/deno/make.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { serializeIndex } from "../../../src/formats/index/index.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { cliCommand } from "../../support/cli_command.ts";
import { joined } from "../../support/data/joined.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob } from "../../support/made.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { tempDir } from "../../support/temp.ts";
import { amount, takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const PIECES = amount(250, 400);
/** About that of a part that is moved. */
const SIZE = amount(1_500_000, 3_000_000);
/** Groups of chunks that are fetched at a time with four requests, and chunks in each: they are written when all are there. */
const IN_FLIGHT = 3 * 8;

inTurn()({
  name: "killed at any moment, an extraction over HTTP fetches nothing again that was written",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const noise = random();
    const pieces = Array.from({ length: PIECES }, () => noise.bytes(8_000 + noise.below(8_000)));
    pieces.push(...Array(40).fill(new Uint8Array(65536)), ...pieces.slice(0, 30));
    const made = makeBlob(dir, pieces);
    await using server = await startFaultyServer({}, ({ path }) => {
      return { body: Deno.readFileSync(made.store + path), delay: 5 };
    });
    const target = dir.path("out", "target");
    const [program, ...before] = cliCommand;
    const args = [
      ...before,
      "extract",
      "-n",
      "4",
      "-s",
      server.url,
      made.index,
      target,
      "--progress",
      "json",
    ];
    const start = () =>
      new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
    const ends = ["SIGKILL", "SIGINT", "SIGKILL", "SIGKILL", "SIGTERM"] as const;
    const kills = amount(2, 12);
    for (let turn = 0; turn < kills; turn++) {
      const seen = server.requests.length;
      const after = IN_FLIGHT + 1 + noise.below(Math.floor(PIECES / kills / 2));
      const child = start();
      while (server.requests.length < seen + after) await new Promise((resolve) => setTimeout(resolve, 1));
      const signal = ends[turn % ends.length];
      child.kill(signal);
      const { code, stderr } = await child.output();
      strictEqual(code, signal === "SIGKILL" ? 137 : 130, new TextDecoder().decode(stderr));
      if (signal !== "SIGKILL") {
        match(new TextDecoder().decode(stderr), /kept: the same command goes on from there\)/);
      }
      strictEqual(filesIn(dir.path("out")).length, 1, "one file is left, whatever the number of runs");
    }
    const { code, stderr } = await start().output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    const { sources } = JSON.parse(new TextDecoder().decode(stderr).trim().split("\n").at(-1)!);
    deepStrictEqual(filesIn(dir.path("out")), ["target"]);
    sameBytes(Deno.readFileSync(target), made.bytes);
    ok(sources.some(({ name }: { name: string }) => name === "resumed"));
    const requests = server.requests.length;
    ok(requests <= 1.05 * PIECES + kills * IN_FLIGHT, `${requests} requests for ${PIECES} chunks`);
  },
});

inTurn()({
  name: "killed at any moment, an update in place with moved parts is completed by the next run",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const noise = random();
    const parts = Array.from({ length: 6 }, () => noise.bytes(SIZE + noise.below(SIZE / 3)));
    const [a, b, c, d, e, f] = parts;
    const bytes = joined([noise.bytes(1000), d, b, e, noise.bytes(200_000), a, c, a.subarray(0, 500_000), f]);
    const sizes = { min: 4096, avg: 16384, max: 65536 };
    const store = new LocalStore(dir.path("store"), { create: true });
    const { index } = await makeFromFile(dir.write("new", bytes), { store, sizes, sync: false });
    const path = dir.write("new.caibx", serializeIndex(index));
    await using server = await startFaultyServer({}, (request) => {
      return { body: Deno.readFileSync(dir.path("store") + request.path), delay: 2 };
    });
    const target = dir.write("target", joined(parts));
    const [program, ...before] = cliCommand;
    const args = [...before, "extract", "-k", "--no-sync", "-n", "4", "-s", server.url, path, target];
    const start = () => new Deno.Command(program, { args, stdin: "null", stderr: "piped" }).spawn();
    const kills = amount(2, 20);
    for (let turn = 0; turn < kills; turn++) {
      const child = start();
      const ended = child.output();
      await new Promise((resolve) => setTimeout(resolve, 200 + noise.below(amount(500, 1000))));
      try {
        child.kill("SIGKILL");
      } catch {
        // It was done by then.
      }
      await ended;
    }
    const { code, stderr } = await start().output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    sameBytes(Deno.readFileSync(target), bytes);
    ok(
      server.requests.length < index.count,
      `${server.requests.length} of ${index.count} chunks were requested`,
    );
  },
});

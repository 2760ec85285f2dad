/** Encrypted chunks by desync in Go and this program, in stores, behind servers, and in a bucket: the table of docs/interop.md. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { canServe } from "../../src/deno/server/can_serve.ts";
import { runCli } from "../support/cli.ts";
import { cliCommand } from "../support/cli_command.ts";
import { freshBlob } from "../support/data/fresh_blob.ts";
import { type Outcome, outcome, tryTable } from "../support/documents/matrix.ts";
import { filesIn } from "../support/files.ts";
import { peers } from "../support/peers.ts";
import { runAny, type RunResult } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { startPeerServer } from "../support/servers/daemon.ts";
import { tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const KEY = "6368616e676520746869732070617373776f726420746f206120736563726574";
const KEY_ID = "50d64035";
/** Keys are read from there as well as from the configuration. */
const env = { DESYNC_ENCRYPTION_KEY: KEY };

const programs = {
  "desync": (args: string[]) => runAny(peers.desync!, args, { env }),
  "this program": (args: string[]) => runCli(args, { env }),
};
type Program = keyof typeof programs;
const commands: Record<Program, readonly string[]> = {
  "desync": [peers.desync ?? ""],
  "this program": cliCommand,
};

interface Options {
  readonly "encryption-algorithm"?: string;
  readonly "encryption-key"?: string;
  readonly uncompressed?: boolean;
}
const forms: Record<string, readonly [options: Options, suffix: string]> = {
  "the default": [{}, `.cacnk.xchacha20-poly1305-${KEY_ID}`],
  "aes-256-gcm": [{ "encryption-algorithm": "aes-256-gcm" }, `.cacnk.aes-256-gcm-${KEY_ID}`],
  "uncompressed": [{ "encryption-key": KEY, uncompressed: true }, `.xchacha20-poly1305-${KEY_ID}`],
};

inTurn()({
  name: "docs/interop.md: encryption",
  ignore: !peers.desync || !peers.nginx || !canServe(),
  fn: async () => {
    using dir = tempDir();
    const bytes = freshBlob();
    const file = dir.write("blob", bytes);
    let results = 0;
    /** Arguments that name a file with these options for the store. */
    const configured = (store: string, options: Options) => {
      const config = { "store-options": { [store]: { encryption: true, ...options } } };
      return ["--config", dir.writePrivate(`config-${results++}.json`, JSON.stringify(config))];
    };
    const well = async (result: Promise<RunResult>) => {
      const { code, stderr } = await result;
      strictEqual(code, 0, stderr);
    };
    const cells = (store: string, index: string, options: Options) => {
      const cell = (reader: Program) => async (): Promise<Outcome> => {
        const target = dir.path(`result-${results++}`);
        const args = [...configured(store, options), "extract", "-s", store, index, target];
        const result = await programs[reader](args);
        if (result.code === 0) sameBytes(Deno.readFileSync(target), bytes);
        return outcome(result, []);
      };
      return { "desync": cell("desync"), "this program": cell("this program") };
    };
    const make = async (maker: Program, store: string, name: string, options: Options) => {
      const index = dir.path(`${name}.caibx`);
      await well(programs[maker]([...configured(store, options), "make", "-s", store, index, file]));
      return index;
    };

    await using nginx = await startNginx(dir.root, { put: true });
    await using stack = new AsyncDisposableStack();
    const both = Object.keys(programs) as Program[];
    const stores = both.flatMap((maker) =>
      Object.entries(forms).map(([form, [options, suffix]], i) =>
        [`${maker}, ${form}`, async () => {
          const name = `${maker.slice(0, 4)}-${i}`;
          const store = dir.dir(name);
          const index = await make(maker, store, name, options);
          const endings = new Set(filesIn(store).map((path) => path.slice("abcd/".length + 64)));
          deepStrictEqual([...endings], [suffix]);
          return cells(store, index, options);
        }] as const
      )
    );
    const uploads = both.map((maker) =>
      [`${maker}, to nginx`, async () => {
        const url = `${nginx.url}put-${maker.slice(0, 4)}/`;
        return cells(url, await make(maker, url, `put-${maker}`, {}), {});
      }] as const
    );
    // The store behind the server is encrypted with another cipher.
    const servers = both.map((server) =>
      [`both, to \`chunk-server -w --encryption\` of ${server}`, async () => {
        const store = dir.dir(`behind-${server.slice(0, 4)}`);
        const config = configured(store, forms["aes-256-gcm"][0]);
        const command = [...commands[server], ...config, "chunk-server"];
        const { url } = stack.use(await startPeerServer(command, ["-w", "--encryption", "-s", store], env));
        const index = await make("desync", url, `behind-${server}`, {});
        for (const path of filesIn(store).slice(0, 3)) Deno.removeSync(`${store}/${path}`);
        await make("this program", url, `behind-${server}-2`, {});
        return cells(url, index, {});
      }] as const
    );
    await tryTable("Encryption", Object.fromEntries([...stores, ...uploads, ...servers]));
  },
});

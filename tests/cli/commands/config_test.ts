/** `desync config` */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { denoDir } from "../../support/deno_dir.ts";
import { assertFails } from "../../support/failure.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

const given = JSON.stringify({
  "Store-Options": {
    "http://me:pa55@h/a?<b>&": {
      "HTTP-Auth": "Bearer 5ec4e7",
      "http-cookie": "c00k1e",
      timeout: 5_000_000_000,
    },
    "/b": { n: 3, uncompressed: true, "error-retry": 0, "encryption-key": "5ec4e7", "ca-cert": "/é" },
    "/a": null,
  },
  "s3-credentials": {
    "https://h:1": { "access-key": "key", "secret-key": "5ec4e7", "aws-region": "r" },
    "http://h": {},
  },
});

Deno.test("config prints the settings with their defaults, and no secrets", async () => {
  using dir = tempDir();
  const file = dir.write("c.json", given);
  Deno.chmodSync(file, 0o600);
  const { code, stdout, stderr } = await runCli(["--config", file, "config"]);
  strictEqual(code, 0, stderr);
  strictEqual(/5ec4e7|c00k1e|pa55/.test(stdout), false, stdout);
  strictEqual(stderr, "desync: secrets are not shown\n");
  const shown = JSON.parse(stdout);
  strictEqual(shown["store-options"]["/a"]["error-retry-base-interval"], 500_000_000);
  strictEqual(shown["store-options"]["http://…@h/a?…"]["http-auth"], "…");
  assertFails(await runCli(["--config", dir.path("none"), "config"]), 1, "none: no such file");
  const locations = ["https://h/s?sig=5ec4e7/*", "https://h/s?sig=pa55", "https://u:c00k1e@h/?", "/srv/?a"];
  const alike = {
    "store-options": Object.fromEntries(locations.map((location, n) => [location, { n: n + 1 }])),
  };
  const printed = await runCli(["--config", dir.write("alike.json", JSON.stringify(alike)), "config"]);
  deepStrictEqual(
    Object.entries(JSON.parse(printed.stdout)["store-options"]).map((
      [name, entry],
    ) => [name, (entry as { n: number }).n]),
    [["/srv/?a", 4], ["https://h/s?…", 1], ["https://h/s?……", 2], ["https://…@h/?", 3]],
    printed.stdout,
  );
});

Deno.test({
  name: "config -w writes what desync writes, for its owner only",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const home = dir.dir("home");
    const env = { HOME: home, DENO_DIR: denoDir };
    const path = dir.path("home/.config/desync/config.json");
    const result = await runCli(["config", "-w"], { env });
    strictEqual(result.stdout, `Writing config to ${path}\n`);
    strictEqual(Deno.readTextFileSync(path), '{\n  "s3-credentials": null,\n  "store-options": null\n}\n');
    strictEqual(Deno.statSync(path).mode! & 0o777, 0o600);
    const other = dir.path("new/c.json");
    strictEqual((await runCli(["--config", other, "config", "-w"])).code, 0);
    strictEqual(Deno.statSync(other).mode! & 0o777, 0o600);
    dir.write("new/c.json", given);
    strictEqual((await runCli(["--config", other, "config", "--write"])).code, 0);
    strictEqual(Deno.statSync(other).mode! & 0o777, 0o600);
    if (peers.desync === undefined) return;
    const theirs = await run(peers.desync, ["--config", dir.write("c.json", given), "config"]);
    strictEqual(Deno.readTextFileSync(other), theirs.stdout);
    // A broken file is not replaced.
    dir.write("new/c.json", "{");
    assertFails(await runCli(["--config", other, "config", "-w"]), 2, "invalid JSON");
    strictEqual(Deno.readTextFileSync(other), "{");
  },
});

Deno.test({
  name: "config -w leaves the umask of its process as it was",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    strictEqual((await runCli(["--config", dir.path("new/c.json"), "config", "-w"])).code, 0);
    // Tests of commands share a process.
    strictEqual((await runCli(["make", dir.path("x.caibx"), dir.write("blob", "x")])).code, 0);
    strictEqual(Deno.statSync(dir.path("x.caibx")).mode! & 0o777, 0o666 & ~Deno.umask());
  },
});

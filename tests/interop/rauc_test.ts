/** RAUC installs bundles with this program in the place of desync, and in that of casync. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { chmodSync } from "node:fs";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { runCli } from "../support/cli.ts";
import { cliCommand } from "../support/cli_command.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { chunkPath } from "../support/sha.ts";
import { attachLoopDevice, hasLoopDevices } from "../support/system/loop_device.ts";
import { canMountPrivately, runAmongMounts } from "../support/system/mounts.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const SIZE = 1_000_000;

/** Installs the bundle `$2` as `$1` configures, on a bus of its own, for a system that was started from slot A. */
const INSTALL = `
dbus-run-session -- sh -euc '
  export DBUS_STARTER_BUS_TYPE=session
  rauc --conf="$1" service --override-boot-slot=A &
  isThere() {
    dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \\
      string:de.pengutronix.rauc | grep -q true
  }
  tries=0
  until isThere; do tries=$((tries + 1)); [ $tries -lt 200 ]; sleep 0.05; done
  rauc --conf="$1" install "$2" || status=$?
  kill $!
  exit \${status:-0}
' sh "$@"`;

/** A system with two slots, the second of which gets what bundles have. */
class System {
  readonly #dir: TempDir;
  readonly #slots: readonly string[];

  constructor(dir: TempDir, slots: readonly string[]) {
    this.#dir = dir;
    this.#slots = slots;
    for (const name of ["desync", "casync"]) {
      const words = cliCommand.map((word) => `"${word}"`).join(" ");
      const log = `echo "${name} $*" >>"${dir.path("calls")}"`;
      chmodSync(dir.write(`bin/${name}`, `#!/bin/sh\n${log}\nexec ${words} "$@"\n`), 0o755);
    }
  }

  get environment(): Record<string, string> {
    return {
      PATH: `${this.#dir.path("bin")}:${Deno.env.get("PATH")}:/usr/sbin`,
      XDG_CACHE_HOME: this.#dir.path("cache"),
    };
  }

  /** What it called since the last time. */
  get calls(): string[] {
    const calls = Deno.readTextFileSync(this.#dir.path("calls")).trim().split("\n");
    Deno.removeSync(this.#dir.path("calls"));
    return calls;
  }

  configure(casync: string): string {
    const dir = this.#dir;
    const slots = this.#slots.map((device, i) =>
      `[slot.rootfs.${i}]\ndevice=${device}\ntype=raw\nbootname=${"AB"[i]}\n`
    );
    return dir.write(
      "system.conf",
      [
        "[system]\ncompatible=test\nbootloader=noop",
        `mountprefix=${dir.dir("mnt")}\nstatusfile=${dir.path("status")}`,
        `[keyring]\npath=${dir.path("cert.pem")}\n[casync]\n${casync}\n`,
        ...slots,
      ].join("\n"),
    );
  }

  /** Makes a bundle of the image, and has RAUC convert it to an index and a store, by `make`. */
  async bundle(image: Uint8Array): Promise<string> {
    const dir = this.#dir;
    const keys = ["--cert", dir.path("cert.pem"), "--key", dir.path("key.pem")];
    await run(peers.openssl, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", keys[3], "-out", keys[1], "-days", "60", "-subj", "/CN=test"],
    ]);
    dir.write("content/root.img", image);
    const manifest = "[update]\ncompatible=test\nversion=2\n[image.rootfs]\nfilename=root.img\n";
    dir.write("content/manifest.raucm", manifest);
    const [whole, bundle] = [dir.path("whole.raucb"), dir.path("bundle.raucb")];
    const conf = ["--conf", this.configure("use-desync=true")];
    const env = this.environment;
    await run(peers.rauc, [...conf, ...keys, "bundle", dir.path("content"), whole], { env });
    await run(peers.rauc, [...conf, ...keys, "convert", whole, bundle], { env });
    return bundle;
  }

  /** Installs the bundle. Returns all that was printed. */
  async install(bundle: string, casync: string): Promise<string> {
    const words = [this.configure(casync), bundle];
    const { code, stdout, stderr } = await runAmongMounts(INSTALL, words, { env: this.environment });
    ok(code === 0, stdout + stderr);
    return stdout + stderr;
  }
}

const programs = [peers.rauc, peers.mksquashfs, peers.openssl, peers["dbus-run-session"], peers["dbus-send"]];

inTurn()({
  name: "RAUC makes and installs bundles, on a device, with the running system as a seed",
  ignore: programs.includes(undefined) || !hasLoopDevices || !canMountPrivately,
  fn: async () => {
    using dir = tempDir();
    const noise = random();
    const old = noise.bytes(SIZE);
    const image = old.slice();
    image.set(noise.bytes(50_000), 400_000);
    const files = ["a", "b"].map((name) => dir.write(name, name === "a" ? old : ""));
    for (const file of files) Deno.truncateSync(file, 512 * 2000);
    await using a = await attachLoopDevice(files[0]);
    await using b = await attachLoopDevice(files[1]);
    const system = new System(dir, [a.path, b.path]);
    const bundle = await system.bundle(image);
    const store = dir.path("bundle.castr");
    match(system.calls.join(), /^desync make --store \S+ \S+\.caibx \S+$/);

    // What the old version has comes from nowhere else.
    const oldIndex = dir.path("old.caibx");
    await runCli(["make", oldIndex, files[0]]);
    const has = parseIndex(Deno.readFileSync(oldIndex));
    for (let i = 0; i < has.count; i++) {
      await Deno.remove(`${store}/${chunkPath(has.id(i), ".cacnk")}`).catch(() => {});
    }
    const index = `${dir.path("mnt")}/bundle/root.img.caibx`;
    for (
      const [config, call, lines] of [
        [
          `use-desync=true\ninstall-args=--seed=${oldIndex}:${a.path}`,
          `desync extract --store ${store} --seed=${oldIndex}:${a.path} ${index} ${b.path}`,
          /\nAttempt 1: Validating +\d[^]*\nAttempt 1: Assembling +100\.00%/,
        ],
        [
          "use-desync=false",
          `casync extract --seed ${a.path} --store ${store} --seed-output=no ${index} ${b.path}`,
          /100% Installing done/,
        ],
      ] as const
    ) {
      Deno.writeFileSync(b.path, new Uint8Array(SIZE));
      match(await system.install(bundle, config), lines);
      deepStrictEqual(system.calls, [call]);
      sameBytes(Deno.readFileSync(b.path).subarray(0, SIZE), image);
    }
  },
});

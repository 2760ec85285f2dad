/**
 * The programs that tests start, declared in one place. A test names the one it needs and is skipped without it:
 *
 *     Deno.test({ name: "…", ignore: !peers.casync, fn: () => { … } });
 *
 * With DESYNC_REQUIRE_PEERS=1 nothing is skipped: importing this file throws when a program is missing.
 */

import { delimiter, join } from "node:path";

/**
 * Every program that tests start besides the {@linkcode basics}, and the package of Debian's that has it. Those without
 * a package may always be missing.
 */
const packages = {
  casync: "casync",
  /** The desync written in Go, never this project's own program; `DESYNC_PEER` names it. */
  desync: undefined,
  nginx: "nginx-light",
  apache2: "apache2-bin",
  /** Serves directories over WebDAV. */
  rclone: "rclone",
  zstd: "zstd",
  xz: "xz-utils",
  /** The server, and what its users need. */
  sshd: "openssh-server",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  "ssh-agent": "openssh-client",
  "ssh-add": "openssh-client",
  /** What sshd starts for SFTP; it takes pipes as well. */
  "sftp-server": "openssh-sftp-server",
  /** Runs the portable library and the package for npm; what starts the tests often has its own. */
  node: undefined,
  npm: undefined,
  curl: "curl",
  /** Makes certificates. */
  openssl: "openssl",
  /** The shells that completion is written for. */
  bash: "bash",
  zsh: "zsh",
  fish: "fish",
  /** PowerShell. */
  pwsh: undefined,
  /** Runs a program on a terminal of its own; the one of util-linux. */
  script: "bsdutils",
  /** Checks manual pages. */
  mandoc: "mandoc",
  /** Chromium, or Chrome. */
  chromium: "chromium",
  firefox: "firefox-esr",
  /** Any tar; whether it is GNU's says gnu_tar.ts. */
  tar: "tar",
  bsdtar: "libarchive-tools",
  chattr: "e2fsprogs",
  "mkfs.ext4": "e2fsprogs",
  /** Make file systems whose files can share blocks. */
  "mkfs.xfs": "xfsprogs",
  "mkfs.btrfs": "btrfs-progs",
  /** Take away permissions, attach files as devices, and mount. */
  setpriv: "util-linux",
  losetup: "mount",
  mount: "mount",
  umount: "mount",
  /** Checks units, and passes sockets on as systemd does. */
  "systemd-analyze": "systemd",
  "systemd-socket-activate": "systemd",
  /** A real S3 server: OpenStack Swift. */
  "swift-proxy-server": "swift-proxy",
  "swift-account-server": "swift-account",
  "swift-container-server": "swift-container",
  "swift-object-server": "swift-object",
  memcached: "memcached",
  /** Installs bundles on devices; what it needs for that, and a message bus of its own. */
  rauc: "rauc",
  mksquashfs: "squashfs-tools",
  "dbus-run-session": "dbus-daemon",
  "dbus-send": "dbus-bin",
  /** Gives a process mounts of its own, which go when it ends. */
  unshare: "util-linux",
} as const;

/** The name of a program that may be missing. */
export type Peer = keyof typeof packages;

/** Programs that every Unix has, so that no test is skipped without them. */
export const basics: readonly string[] = (
  "sh cat chmod chown cmp cp df env false find grep head id kill ln ls mkdir mkfifo mknod mv printf rm sed seq sleep sort stat sync tail " +
  "tee touch true wc"
).split(" ");

/** Where each program is; undefined when it is not on this machine. */
export type Peers = { readonly [name in Peer]?: string };

const names = Object.keys(packages) as Peer[];

/** Set in the environment, which all test modules of a run share, once the missing programs have been told. */
const toldVariable = "DESYNC_MISSING_PEERS_TOLD";

/** Names the desync written in Go that the runner has found, which need not be tried again. */
export const checkedVariable = "DESYNC_PEER_CHECKED";

/** Where programs are besides: few but root have them on their PATH (see .ci/without.ts). */
export const besidesPath: readonly string[] = ["/usr/sbin", "/usr/lib/openssh"];

export const peers: Peers = findPeers();
reportMissing();

function findPeers(): Peers {
  const found: { [name in Peer]?: string } = Object.fromEntries(
    names.map((name) => [name, programs(name)[0]]),
  );
  found.desync = findGoDesync();
  found.chromium ??= ["google-chrome", "chrome"].flatMap(programs)[0];
  // Debian's `firefox` is a script that starts it.
  found.firefox = programs("firefox-esr")[0] ?? found.firefox;
  if (Deno.build.os !== "linux") delete found.script;
  // Nobody could log in.
  if (found.ssh === undefined || found["ssh-keygen"] === undefined) delete found.sshd;
  return found;
}

/** Every program of that name on PATH, and beside it. */
function programs(name: string): string[] {
  const directories = (Deno.env.get("PATH") ?? "").split(delimiter).filter((directory) => directory !== "");
  if (!Deno.env.has("DESYNC_TEST_PATH_ONLY")) directories.push(...besidesPath);
  const file = Deno.build.os === "windows" ? `${name}.exe` : name;
  return directories.map((directory) => join(directory, file)).filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    const info = Deno.statSync(path);
    return info.isFile && (Deno.build.os === "windows" || ((info.mode ?? 0) & 0o111) !== 0);
  } catch {
    return false;
  }
}

function findGoDesync(): string | undefined {
  const checked = Deno.env.get(checkedVariable);
  if (checked) return checked;
  const chosen = Deno.env.get("DESYNC_PEER");
  if (chosen) {
    if (isProgram(chosen) && isGoDesync(chosen)) return chosen;
    throw new Error(`DESYNC_PEER is ${chosen}, which is not the desync written in Go: correct or unset it`);
  }
  return programs("desync").find((path) => isProgram(path) && isGoDesync(path));
}

/** This project's program has the same name, but only Go's help generator writes a headline like this. */
function isGoDesync(path: string): boolean {
  try {
    const { stdout } = new Deno.Command(path, { args: ["--help"], stderr: "null" }).outputSync();
    const help = new TextDecoder().decode(stdout);
    return help.includes("\nAvailable Commands:\n") && help.includes("\n  desync [command]\n");
  } catch {
    return false; // not a program for this system
  }
}

function reportMissing(): void {
  const missing = names.filter((name) => peers[name] === undefined);
  const list = (of: readonly string[]) => of.join(", ");
  const required = missing.filter((name) => packages[name] !== undefined || name === "desync");
  if (Deno.env.get("DESYNC_REQUIRE_PEERS") === "1" && required.length > 0) {
    throw new Error(`DESYNC_REQUIRE_PEERS is set, but these programs are not installed: ${list(required)}`);
  }
  if (missing.length === 0 || Deno.env.has(toldVariable)) return;
  Deno.env.set(toldVariable, "1");
  Deno.stderr.writeSync(
    new TextEncoder().encode(`Not installed: ${list(missing)}. The tests that need them are skipped.\n`),
  );
}

/** Prints the packages to install on Debian: `apt-get install $(deno run -A tests/support/peers.ts)`. */
if (import.meta.main) {
  const debian = [...new Set(Object.values(packages))].filter((one) => one !== undefined);
  Deno.stdout.writeSync(new TextEncoder().encode(`${debian.join(" ")}\n`));
}

/**
 * The real programs that interop tests run against. A test names the one it needs and is skipped without it:
 *
 *     Deno.test({ name: "…", ignore: !peers.casync, fn: () => { … } });
 *
 * With DESYNC_REQUIRE_PEERS=1 nothing is skipped: importing this file throws when a program is missing.
 */

import { delimiter, join } from "node:path";

/** Where each program is; undefined when it is not on this machine. */
export interface Peers {
  casync?: string;
  /** The desync written in Go, never this project's own program. */
  desync?: string;
  sshd?: string;
  nginx?: string;
  zstd?: string;
  /** The shells that completion is written for. */
  bash?: string;
  zsh?: string;
  fish?: string;
  /** Runs a program on a terminal of its own; the one of util-linux. */
  script?: string;
  /** PowerShell, which Debian does not have: a run may be without it. */
  pwsh?: string;
  /** Checks manual pages. */
  mandoc?: string;
  /** Chromium, or Chrome. */
  chromium?: string;
}

const names = [
  "casync",
  "desync",
  "sshd",
  "nginx",
  "zstd",
  "bash",
  "zsh",
  "fish",
  "mandoc",
  "chromium",
] as const;

/** Set in the environment, which all test modules of a run share, once the missing programs have been told. */
const toldVariable = "DESYNC_MISSING_PEERS_TOLD";

export const peers: Peers = findPeers();
reportMissing();

function findPeers(): Peers {
  return {
    casync: programs("casync")[0],
    desync: findGoDesync(),
    sshd: programs("sshd")[0],
    nginx: programs("nginx")[0],
    zstd: programs("zstd")[0],
    bash: programs("bash")[0],
    zsh: programs("zsh")[0],
    fish: programs("fish")[0],
    script: Deno.build.os === "linux" ? programs("script")[0] : undefined,
    pwsh: programs("pwsh")[0],
    mandoc: programs("mandoc")[0],
    chromium: ["chromium", "google-chrome", "chrome"].flatMap(programs)[0],
  };
}

/** Every program of that name on PATH, and in /usr/sbin, which is on the PATH of few but root. */
function programs(name: string): string[] {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  folders.push("/usr/sbin");
  const file = Deno.build.os === "windows" ? `${name}.exe` : name;
  return folders.map((folder) => join(folder, file)).filter(isProgram);
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
  if (missing.length === 0) return;
  const list = missing.join(", ");
  if (Deno.env.get("DESYNC_REQUIRE_PEERS") === "1") {
    throw new Error(`DESYNC_REQUIRE_PEERS is set, but these programs are not installed: ${list}`);
  }
  if (Deno.env.has(toldVariable)) return;
  Deno.env.set(toldVariable, "1");
  Deno.stderr.writeSync(
    new TextEncoder().encode(`Not installed: ${list}. The tests that need them are skipped.\n`),
  );
}

/** A connection through the `ssh` program, which knows the user's configuration, agent, known hosts and jump hosts. */
import { DesyncError } from "../../core/errors.ts";
import type { Connection } from "../../stores/protocol/connection.ts";
import { fileError, isNotFound } from "../files/file_errors.ts";
import { mayRun } from "../system/permitted.ts";
import { SocketProgram } from "../system/spawn.ts";
import { lastWords } from "./last_words.ts";
import type { RemoteService, SshLocation } from "./ssh_location.ts";

/** Of what the remote said on standard error, the end is kept. */
const KEPT_WORDS = 2000;
/** A program whose connection is over gets so long to end by itself. */
const PATIENCE_MS = 1000;

/**
 * For glibc, which other systems ignore: memory is kept that ssh frees and takes again for each packet. Without that it
 * needs a fifth more processor time.
 */
const MEMORY = { MALLOC_TRIM_THRESHOLD_: "67108864", MALLOC_MMAP_THRESHOLD_: "33554432" };

/** Starts `ssh` (a program's name or path) with what serves the store. One that `isFurther` fails where it would ask the user. */
export function connectBySsh(
  ssh: string,
  service: RemoteService,
  location: SshLocation,
  isFurther = false,
): Connection {
  const args = argumentsFor(service, location, isFurther);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(ssh, { args, env: MEMORY, stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
  } catch (error) {
    if (!isNotFound(error)) throw fileError("run", ssh, error);
    throw new DesyncError("unsupported", {
      action: "reach",
      subject: location.redacted,
      reason: `the program ${ssh} was not found`,
      hint: "use --ssh-builtin, or name one in CASYNC_SSH_PATH",
      cause: error,
    });
  }
  const words = keepEnd(child.stderr);
  return {
    readable: child.stdout,
    writable: child.stdin,
    writesThrough: true,
    diagnose: async () => {
      const { code, signal } = await end(child);
      return lastWords(service, "ssh", signal === null ? code : null, await inTime(words));
    },
    close: async () => {
      await end(child);
      await inTime(words);
    },
  };
}

/**
 * The same where workers read what comes: `null` where that cannot be done, or `ssh` not be run. It fails where it would ask
 * the user, and why is not known.
 */
export function connectBySshForWorkers(
  ssh: string,
  service: RemoteService,
  location: SshLocation,
): SocketProgram | null {
  if (!mayRun(ssh)) return null;
  return SocketProgram.start({ program: ssh, args: argumentsFor(service, location, true), env: MEMORY });
}

function argumentsFor(
  service: RemoteService,
  { user, host, port }: SshLocation,
  isFurther: boolean,
): string[] {
  return [
    ...(isFurther ? ["-o", "BatchMode=yes"] : []),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    ...("command" in service ? ["--", host, service.command] : ["-s", "--", host, service.subsystem]),
  ];
}

/** Waits for the program's end, which it may be on its way to; one that stays is asked to end, then killed. */
async function end(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  const timers = [
    setTimeout(() => kill(child, "SIGTERM"), PATIENCE_MS),
    setTimeout(() => kill(child, "SIGKILL"), 2 * PATIENCE_MS),
  ];
  const status = await child.status;
  for (const timer of timers) clearTimeout(timer);
  return status;
}

/** The text, or nothing when a program that this one started keeps it open. */
async function inTime(text: Promise<string>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(""), PATIENCE_MS);
  });
  try {
    return await Promise.race([text, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function keepEnd(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of stream) {
    text = (text + decoder.decode(piece, { stream: true })).slice(-KEPT_WORDS);
  }
  return text;
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended.
  }
}

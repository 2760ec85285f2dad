/** A line for each request that was answered. */
import { closeSync, openSync, writeSync } from "node:fs";
import { foreignText, visibleJson } from "../../core/foreign_text.ts";
import { fileError } from "../files/file_errors.ts";
import type { Answered } from "./exchange.ts";
import type { LogFormat } from "./log_formats.ts";

/** Lines are written together, no later than this, in milliseconds. */
const FLUSH_MS = 100;
/** And no later than with so many characters. */
const FLUSH_LENGTH = 64 * 1024;

/** Where lines go. Closed when all is written, as far as that is possible. */
export interface LogOutput extends AsyncDisposable {
  /** Throws when the text cannot be written. */
  write(text: string): void;
  /** Goes on in a new file, when the old one was moved away. Throws `io`; then it goes on with the old one. */
  reopen(): void;
}

/** A file that lines are added to. Throws `io` when it cannot be opened. */
export function logFile(path: string): LogOutput {
  const named = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      throw fileError("write", `the log ${path}`, error);
    }
  };
  // Others need not know who asks for which chunks.
  const open = () => named(() => openSync(path, "a", 0o640));
  let fd = open();
  return {
    write: (text) => {
      const bytes = new TextEncoder().encode(text);
      named(() => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      });
    },
    reopen: () => {
      const old = fd;
      fd = open();
      closeSync(old);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(closeSync(fd)),
  };
}

/** Writes lines for requests. Never throws: what cannot be written is reported once, and lost. */
export class AccessLog implements AsyncDisposable {
  readonly #output: LogOutput;
  readonly #format: (answered: Answered, at: Date) => string;
  readonly #onProblem: (problem: unknown) => void;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failed = false;

  constructor(output: LogOutput, format: LogFormat, onProblem: (problem: unknown) => void) {
    this.#output = output;
    this.#format = format === "json" ? jsonLine : combinedLine;
    this.#onProblem = onProblem;
  }

  /** Adds the line of a request. */
  readonly add = (answered: Answered): void => this.addLines(`${this.#format(answered, new Date())}\n`);

  /** Adds lines of another thread, in the same format. */
  addLines(lines: string): void {
    this.#lines += lines;
    if (this.#lines.length >= FLUSH_LENGTH) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Goes on in a new file. Throws `io`. */
  reopen(): void {
    this.#flush();
    this.#output.reopen();
    this.#failed = false;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = "";
    if (lines === "") return;
    try {
      this.#output.write(lines);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#onProblem(error);
      this.#failed = true;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    await this.#output[Symbol.asyncDispose]();
  }
}

/**
 * The "combined" format of web servers. Nothing that may hold a secret is in it: no user, no query, and not the page that
 * a request came from.
 */
export function combinedLine(answered: Answered, at: Date): string {
  const { client, method, path, protocol, status, sentBytes, agent } = answered;
  const request = quoted(`${method} ${path} ${protocol}`);
  return `${client || "-"} - - [${combinedTime(at)}] ${request} ${status} ${sentBytes} "-" ${
    quoted(agent || "-")
  }`;
}

/** One JSON object. */
export function jsonLine(answered: Answered, at: Date): string {
  const { client, method, path, protocol, status, sentBytes, milliseconds, agent, complete } = answered;
  return visibleJson({
    time: at.toISOString(),
    client,
    method,
    path: foreignText(path),
    protocol,
    status,
    bytes: sentBytes,
    seconds: Number((milliseconds / 1000).toFixed(6)),
    agent: foreignText(agent),
    complete,
  });
}

/** In quotes, so that no client can write lines or fields of its own. */
function quoted(text: string): string {
  return JSON.stringify(foreignText(text));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10/Oct/2000:13:55:36 +0000` */
function combinedTime(at: Date): string {
  const [date, time] = at.toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

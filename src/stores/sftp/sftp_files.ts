/** Files of another machine: what SFTP can do, as calls. Errors have neither action nor subject: the caller adds them. */
import { allOrFirstFailure } from "../../core/all_or_first_failure.ts";
import { DesyncError } from "../../core/errors.ts";
import type { SessionPool } from "../protocol/session_pool.ts";
import { isAnswer, isMissing } from "./sftp_errors.ts";
import {
  attributesField,
  isRegular,
  OPEN_NEW,
  OPEN_TO_READ,
  type SftpAttributes,
  type SftpEntry,
  STATUS,
  stringField,
  u32Field,
  u64Field,
} from "./sftp_packets.ts";
import { answerOf, checkDone, type SftpSession } from "./sftp_session.ts";

/** Permissions, less the server's umask: all who may read the store may read every chunk. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** Requests for one file in flight: 4 MB at OpenSSH's sizes. */
const AHEAD = 16;
/** READDIRs in flight: small directories come with the first, and their end with the second. */
const LISTS_AHEAD = 2;
/** Entries of a directory at most, four times what a store has: a list may have no end, and is kept in memory. */
const MOST_ENTRIES = 2 ** 18;

const POSIX_RENAME = "posix-rename@openssh.com";

/** A file that is open to be read, until it is disposed of or its session ends. */
export interface SftpFile extends Disposable {
  /** Bytes. */
  readonly size: number;
  /** Last change, in seconds since 1970, by the server's clock. */
  readonly mtime: number | undefined;
  /** Whether it can no longer be read. */
  readonly ended: boolean;
  /**
   * The bytes from `start` up to but without `end`, in pieces whose buffers others use. Default: all of it. Throws `store`,
   * retriable, when the file has become shorter.
   */
  pieces(start?: number, end?: number): AsyncGenerator<Uint8Array, void>;
}

/** Reads and writes by the sessions with one host. */
export class SftpFiles {
  readonly #sessions: SessionPool<SftpSession>;

  constructor(sessions: SessionPool<SftpSession>) {
    this.#sessions = sessions;
  }

  /** Reads a file by `use`; `null` when there is none. Throws as {@linkcode open}. */
  async read<T>(path: string, use: (file: SftpFile) => Promise<T>): Promise<T | null> {
    using file = await this.open(path);
    return file && await use(file);
  }

  /** Opens a file; `null` when there is none. Throws `io` for what is not a regular file. */
  async open(path: string): Promise<SftpFile | null> {
    const session = await this.#session();
    const opened = await session.request(
      "open",
      stringField(path),
      u32Field(OPEN_TO_READ),
      attributesField(),
    );
    if (opened.type === "status" && opened.code === STATUS.noSuchFile) return null;
    const handle = stringField(answerOf(opened, "handle").handle);
    // Nothing depends on when, or whether, it is closed.
    const close = () => void session.request("close", handle).catch(() => {});
    try {
      // Most chunks come with the first request, before their size is known.
      const [attributes, first] = [
        session.request("fstat", handle),
        readPart(session, handle, 0, session.readAtOnce),
      ];
      first.catch(() => {});
      const file = answerOf(await attributes, "attributes").attributes;
      if (!isRegular(file)) throw new DesyncError("io", { reason: "it is not a file" });
      const { size, mtime } = file;
      if (size === undefined) throw new DesyncError("protocol", { reason: "the server gives no sizes" });
      return {
        size,
        mtime,
        get ended() {
          return session.ended;
        },
        pieces: (start = 0, end = size) =>
          piecesOf(session, handle, start, end, start === 0 ? first : undefined),
        [Symbol.dispose]: close,
      };
    } catch (error) {
      close();
      throw error;
    }
  }

  /** What is known about a file, or what a symlink leads to; `null` when there is none. */
  async stat(path: string): Promise<SftpAttributes | null> {
    const session = await this.#session();
    const answer = await session.request("stat", stringField(path));
    if (answer.type === "status" && answer.code === STATUS.noSuchFile) return null;
    return answerOf(answer, "attributes").attributes;
  }

  /** Makes a directory. One that is there is no error, and neither is what keeps it from being made: using it shows that. */
  async makeDirectory(path: string): Promise<void> {
    await this.#tryToMake(await this.#session(), path);
  }

  /**
   * Writes a file under a temporary name, and then gives it its own: it appears complete or not at all, and replaces what
   * was there. `directory` is made on the way if it is given.
   */
  async write(path: string, temporary: string, bytes: Uint8Array, directory?: string): Promise<void> {
    const session = await this.#session();
    const create = () =>
      session.request("open", stringField(temporary), u32Field(OPEN_NEW), attributesField(FILE_MODE));
    let opened = directory === undefined
      ? await create()
      // A server does in this order what it is asked for, or fails to create the file.
      : (await Promise.all([this.#tryToMake(session, directory), create()]))[1];
    if (directory !== undefined && opened.type === "status" && opened.code === STATUS.noSuchFile) {
      await this.#tryToMake(session, directory);
      opened = await create();
    }
    const handle = stringField(answerOf(opened, "handle").handle);
    try {
      const answers = [];
      for (let at = 0; at < bytes.length; at += session.writeAtOnce) {
        // Copied once, into the packet.
        const part = bytes.subarray(at, at + session.writeAtOnce);
        answers.push(session.request("write", handle, u64Field(at), u32Field(part.length), part));
      }
      // Servers do what concerns one file in the order in which they were asked.
      answers.push(session.request("close", handle));
      for (const answer of await allOrFirstFailure(answers)) checkDone(answer);
      await this.#rename(session, temporary, path);
    } catch (error) {
      await session.request("remove", stringField(temporary)).catch(() => {});
      throw error;
    }
  }

  /** The time of the server's clock, as a file shows it that is made for that: in seconds since 1970, or unknown. */
  async clock(temporary: string): Promise<number | undefined> {
    const session = await this.#session();
    const opened = await session.request(
      "open",
      stringField(temporary),
      u32Field(OPEN_NEW),
      attributesField(FILE_MODE),
    );
    if (opened.type !== "handle") return undefined;
    const handle = stringField(opened.handle);
    const [known] = await allOrFirstFailure([
      session.request("fstat", handle),
      session.request("close", handle),
      session.request("remove", stringField(temporary)),
    ]);
    return known.type === "attributes" ? known.attributes.mtime : undefined;
  }

  /** Removes a file. It is no error when it is not there. */
  async remove(path: string): Promise<void> {
    const session = await this.#session();
    try {
      checkDone(await session.request("remove", stringField(path)));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /**
   * The entries of a directory but `.` and `..`, some at a time. Symlinks are listed as such. Throws `store` for a list that
   * is too long.
   */
  async *list(path: string): AsyncGenerator<readonly SftpEntry[], void> {
    const session = await this.#session();
    const handle = stringField(
      answerOf(await session.request("opendir", stringField(path)), "handle").handle,
    );
    let count = 0;
    try {
      for (let ended = false; !ended;) {
        const asked = Array.from({ length: LISTS_AHEAD }, () => session.request("readdir", handle));
        for (const answer of await allOrFirstFailure(asked)) {
          ended ||= answer.type === "status" && answer.code === STATUS.eof;
          if (ended) continue;
          const { entries } = answerOf(answer, "names");
          if (entries.length === 0) throw new DesyncError("protocol", { reason: "it sent an empty list" });
          count += entries.length;
          if (count > MOST_ENTRIES) {
            const reason = `a directory has more than ${MOST_ENTRIES} entries, or its list has no end`;
            throw new DesyncError("store", { reason });
          }
          yield entries.filter(({ name }) => name !== "." && name !== "..");
        }
      }
    } finally {
      session.request("close", handle).catch(() => {});
    }
  }

  #session(): SftpSession | Promise<SftpSession> {
    return this.#sessions.session();
  }

  async #tryToMake(session: SftpSession, directory: string): Promise<void> {
    await session.request("mkdir", stringField(directory), attributesField(DIRECTORY_MODE));
  }

  async #rename(session: SftpSession, from: string, to: string): Promise<void> {
    const names = [stringField(from), stringField(to)];
    if (session.has(POSIX_RENAME)) {
      return checkDone(await session.request("extended", stringField(POSIX_RENAME), ...names));
    }
    try {
      checkDone(await session.request("rename", ...names));
    } catch (error) {
      // Without the extension nothing is replaced.
      if (!isAnswer(error) || error.status === STATUS.noSuchFile) throw error;
      const removed = await session.request("remove", names[1]);
      if (answerOf(removed, "status").code !== STATUS.ok) throw error;
      checkDone(await session.request("rename", ...names));
    }
  }
}

/** One part of a file, empty at its end. */
async function readPart(
  session: SftpSession,
  handle: Uint8Array,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const answer = await session.request("read", handle, u64Field(offset), u32Field(length));
  if (answer.type === "status" && answer.code === STATUS.eof) return new Uint8Array(0);
  const { bytes } = answerOf(answer, "data");
  if (bytes.length > length) {
    throw new DesyncError("protocol", { reason: "it sent more of a file than was requested" });
  }
  return bytes;
}

/** A part of so many bytes, in as many pieces as the server makes of it. */
async function* wholePart(
  session: SftpSession,
  handle: Uint8Array,
  offset: number,
  length: number,
  first: Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0, asked = first; at < length;) {
    const piece = (await asked).subarray(0, length - at);
    if (piece.length === 0) {
      throw new DesyncError("store", { reason: "the file ends before its size", retriable: true });
    }
    at += piece.length;
    yield piece;
    if (at < length) asked = readPart(session, handle, offset + at, length - at);
  }
}

/** The bytes of a file from `start` up to but without `end`. `first` has been asked for, if it is given. */
async function* piecesOf(
  session: SftpSession,
  handle: Uint8Array,
  start: number,
  end: number,
  first?: Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const atOnce = session.readAtOnce;
  const asked = first === undefined ? [] : [first];
  let next = start + asked.length * atOnce;
  for (let at = start; at < end; at += atOnce) {
    for (; next < end && asked.length < AHEAD; next += atOnce) {
      const part = readPart(session, handle, next, Math.min(atOnce, end - next));
      part.catch(() => {});
      asked.push(part);
    }
    yield* wholePart(session, handle, at, Math.min(atOnce, end - at), asked.shift()!);
  }
}

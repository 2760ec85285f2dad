/** One session as its client, against servers that do what they should not. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { concat, viewOf } from "../../../src/core/bytes.ts";
import { SftpFiles } from "../../../src/stores/sftp/sftp_files.ts";
import { SftpStore } from "../../../src/stores/sftp/sftp_store.ts";
import {
  encodeRequest,
  REQUESTS,
  STATUS,
  stringField,
  u32Field,
} from "../../../src/stores/sftp/sftp_packets.ts";
import { Host } from "../../support/servers/host.ts";
import {
  attributes,
  data,
  handle,
  packet,
  type Request,
  serve,
  status,
  version,
} from "../../support/servers/sftp_host.ts";
import { sessionsOver } from "../../support/servers/sftp_server.ts";
import { hashChunk } from "../../../src/codec/open_chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";

const read = (files: SftpFiles, path = "/file") =>
  files.read(path, async ({ pieces }) => concat(await Array.fromAsync(pieces())));

const content = Uint8Array.from({ length: 1000 }, (_, i) => i);

Deno.test("what is not SFTP is one clear error", async () => {
  const cases: [name: string, bytes: Uint8Array, code: string, message: RegExp][] = [
    [
      "words",
      new TextEncoder().encode("Welcome to this host\n"),
      "protocol",
      /says "Welcome to this host" inst/,
    ],
    ["4 GB", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 2), "protocol", /packet of 4294967295 bytes/],
    ["nothing", Uint8Array.of(0, 0, 0, 0, 2), "protocol", /packet of 0 bytes/],
    ["another type", packet(77, u32Field(3)), "protocol", /unknown type 77/],
    ["an old version", version(2), "unsupported", /speaks version 2 of SFTP, not 3/],
    ["an answer", status(1, 0), "protocol", /began with status/],
    ["a short version", packet(2, Uint8Array.of(0, 0)), "protocol", /too short/],
    ["the end", new Uint8Array(0), "store", /ended before SFTP began \(the last words\)/],
    ["a half", version().subarray(0, 6), "store", /ended within a packet/],
  ];
  for (const [name, bytes, code, message] of cases) {
    const host = new Host();
    host.lastWords = "the last words";
    host.send(bytes);
    host.end();
    await using sessions = sessionsOver(() => host.connection);
    await rejects(read(new SftpFiles(sessions)), { code, message, retriable: false }, name);
    strictEqual(host.closed, true, name);
  }
});

Deno.test("answers that were not requested, or are not what was, end the session", async () => {
  const cases: [answer: (request: Request, host: Host) => void, code: string, message: RegExp][] = [
    [({ id }, host) => host.send(status(id + 7, 0)), "protocol", /to request \d+, which does not exist/],
    [({ id }, host) => host.send(data(id, content)), "protocol", /answered with data instead of handle/],
    [({ id }, host) => host.send(status(id, 0)), "protocol", /with status instead of handle/],
    [(_, host) => host.send(version()), "protocol", /version again/],
    [(_, host) => host.send(Uint8Array.of(0x80, 0, 0, 0, 103)), "protocol", /packet of 2147483648 bytes/],
    [({ id }, host) => host.send(packet(102, u32Field(id), u32Field(2 ** 31))), "protocol", /too short/],
    [({ id }, host) => host.send(packet(104, u32Field(id), u32Field(2 ** 32 - 1))), "protocol", /too short/],
    [
      ({ id }, host) => host.send(packet(102, u32Field(id), stringField(new Uint8Array(257)))),
      "protocol",
      /handle of 257 bytes/,
    ],
    [({ id }, host) => host.send(status(id, 99, "a\x1b[31mb\n")), "store", /reports "a.*b"$/],
    [({ id }, host) => host.send(status(id, STATUS.permissionDenied)), "store", /^permission denied$/],
  ];
  for (const [answer, code, message] of cases) {
    const host = serve(answer);
    await using sessions = sessionsOver(() => host.connection);
    await rejects(read(new SftpFiles(sessions)), { code, message }, String(message));
  }
});

Deno.test("parts come in any order and size; more than was asked for, or less than the size, is an error", async () => {
  const pending: Uint8Array[] = [];
  let asked = 0;
  const server = (deliver: (offset: number, length: number) => Uint8Array | null) =>
    serve(({ type, id, fields }, host) => {
      if (type === REQUESTS.open) return host.send(handle(id));
      if (type === REQUESTS.fstat) pending.push(attributes(id, content.length));
      if (type === REQUESTS.read) {
        asked++;
        const [offset, length] = [viewOf(fields).getUint32(9), viewOf(fields).getUint32(13)];
        const bytes = deliver(offset, length);
        pending.push(bytes === null ? status(id, STATUS.eof) : data(id, bytes));
      }
      if (pending.length > 1 || asked > 1) host.send(...pending.splice(0).reverse());
    });
  await using short = sessionsOver(() =>
    server((offset, length) => content.slice(offset, offset + Math.min(length, 300))).connection
  );
  deepStrictEqual(await read(new SftpFiles(short)), concat([content]));
  asked = 0;
  await using ended = sessionsOver(() =>
    server((offset) => offset > 0 ? null : content.slice(0, 300)).connection
  );
  await rejects(read(new SftpFiles(ended)), {
    code: "store",
    message: /ends before its size/,
    retriable: true,
  });
  asked = 0;
  await using long = sessionsOver(() => server(() => new Uint8Array(40_000)).connection);
  await rejects(read(new SftpFiles(long)), {
    code: "protocol",
    message: /more of a file than was requested/,
  });
});

Deno.test("a directory whose list has no end is an error, and its handle closed", async () => {
  const entry = concat([stringField("a"), stringField(""), u32Field(0)]);
  const entries = concat([u32Field(15_000), ...Array.from({ length: 15_000 }, () => entry)]);
  let [lists, closed] = [0, 0];
  const host = serve(({ type, id }, host) => {
    if (type === REQUESTS.opendir) return host.send(handle(id));
    if (type === REQUESTS.close) closed++;
    if (type !== REQUESTS.readdir) return host.send(status(id, 0));
    lists++;
    host.send(packet(104, u32Field(id), entries));
  });
  await using sessions = sessionsOver(() => host.connection);
  await rejects(Array.fromAsync(new SftpFiles(sessions).list("/")), {
    code: "store",
    message: /more than 262144 entries, or its list has no end/,
  });
  await new SftpFiles(sessions).remove("/file");
  deepStrictEqual([lists, closed], [18, 1]);
});

Deno.test("many requests are sent before the first answer", async () => {
  const ids: number[] = [];
  const host = serve(({ id }, host) => {
    ids.push(id);
    if (ids.length === 100) host.send(...ids.reverse().map((id) => status(id, STATUS.noSuchFile)));
  });
  await using sessions = sessionsOver(() => host.connection);
  const files = new SftpFiles(sessions);
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => files.stat(`/${i}`)));
  deepStrictEqual(new Set(answers), new Set([null]));
  strictEqual(new Set(ids).size, 100);
});

Deno.test("a silent server times out, before its version and after", async () => {
  const silent = new Host();
  await using first = sessionsOver(() => silent.connection, 20);
  await rejects(new SftpFiles(first).stat("/"), { code: "timeout", message: /no answer for 0.02 seconds/ });
  const host = serve(() => {});
  await using second = sessionsOver(() => host.connection, 20);
  await rejects(new SftpFiles(second).stat("/"), { code: "timeout", retriable: true });
});

Deno.test("a server that trickles is given up, whether it cuts its answers or sends many that are tiny", async () => {
  const patience = 300;
  const over = new AbortController();
  const pause = (milliseconds: number) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      over.signal.addEventListener("abort", () => clearTimeout(timer));
    });
  const failure = { code: "timeout", message: /^(less than 100 bytes a second|no answer) for 0.3 seconds$/ };
  const bytes = serve(async ({ id }, host) => {
    for (const byte of status(id, STATUS.noSuchFile)) {
      await pause(patience / 6);
      host.send(Uint8Array.of(byte));
    }
  });
  // The other bytes of its answers make up for half of the time.
  const answers = serve(async ({ type, id }, host) => {
    if (type === REQUESTS.open) return host.send(handle(id));
    if (type === REQUESTS.fstat) return host.send(attributes(id, 4));
    if (type !== REQUESTS.read) return host.send(status(id, 0));
    await pause(patience * 0.9);
    host.send(data(id, content.subarray(0, 1)));
  });
  await using slow = sessionsOver(() => bytes.connection, patience);
  await using tiny = sessionsOver(() => answers.connection, patience);
  await Promise.all([
    rejects(new SftpFiles(slow).stat("/"), failure),
    rejects(read(new SftpFiles(tiny)), failure),
  ]);
  over.abort();
});

Deno.test("a connection that ends while a chunk is sent leaves its name alone; the next request takes a new one", async () => {
  const chunk = hashChunk(nativeCodec, "sha512-256", content);
  let connections = 0;
  const seen: number[] = [];
  const connect = () => {
    connections++;
    return serve(({ type, id }, host) => {
      seen.push(type);
      if (type === REQUESTS.stat) return host.send(attributes(id, 0, 0o040755));
      if (type === REQUESTS.open) return host.send(handle(id));
      if (type === REQUESTS.write) return host.end();
      if (type === REQUESTS.mkdir) host.send(status(id, STATUS.failure));
    }).connection;
  };
  await using sessions = sessionsOver(connect);
  const store = new SftpStore({ redacted: "sftp://h/s", path: "/s", sessions });
  const message = "Cannot write sftp://h/s: the connection ended";
  for (const _ of [1, 2]) await rejects(store.put(chunk), { code: "store", message, retriable: true });
  strictEqual(connections, 2);
  strictEqual(seen.includes(REQUESTS.rename) || seen.includes(REQUESTS.extended), false);
});

Deno.test("requests are encoded as the draft says", () => {
  deepStrictEqual(
    encodeRequest("open", 7, [stringField("/a"), u32Field(1), u32Field(0)]),
    Uint8Array.of(0, 0, 0, 19, 3, 0, 0, 0, 7, 0, 0, 0, 2, 0x2f, 0x61, 0, 0, 0, 1, 0, 0, 0, 0),
  );
});

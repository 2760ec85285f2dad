/** An SFTP server in the test's hands: what it answers is up to the test. */
import { concat, viewOf } from "../../../src/core/bytes.ts";
import { REQUESTS, stringField, u32Field, u64Field } from "../../../src/stores/sftp/sftp_packets.ts";
import { Host } from "./host.ts";

/** A request that a client made. */
export type Request = { readonly type: number; readonly id: number; readonly fields: Uint8Array };

/** A packet of a server. */
export function packet(type: number, ...fields: readonly Uint8Array[]): Uint8Array {
  const body = concat([Uint8Array.of(type), ...fields]);
  return concat([u32Field(body.length), body]);
}
/** The answers. */
export const version = (number = 3): Uint8Array => packet(2, u32Field(number));
export const status = (id: number, code: number, message = ""): Uint8Array =>
  packet(101, u32Field(id), u32Field(code), stringField(message), stringField("en"));
export const handle = (id: number, name = "h"): Uint8Array => packet(102, u32Field(id), stringField(name));
export const data = (id: number, bytes: Uint8Array): Uint8Array =>
  packet(103, u32Field(id), stringField(bytes));
/** With a size and a mode. */
export const attributes = (id: number, size: number, mode = 0o100644): Uint8Array =>
  packet(105, u32Field(id), u32Field(5), u64Field(size), u32Field(mode));

/** Answers requests as `answer` says, after the version. */
export function serve(answer: (request: Request, host: Host) => void): Host {
  const host = new Host();
  const run = async () => {
    let bytes: Uint8Array = new Uint8Array(0);
    while (true) {
      const { value } = await host.reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) return;
      bytes = concat([bytes, value]);
      while (bytes.length >= 4 && bytes.length >= 4 + viewOf(bytes).getUint32(0)) {
        const end = 4 + viewOf(bytes).getUint32(0);
        const [type, id] = [bytes[4], viewOf(bytes).getUint32(5)];
        if (type === REQUESTS.init) host.send(version());
        else answer({ type, id, fields: bytes.slice(9, end) }, host);
        bytes = bytes.slice(end);
      }
    }
  };
  run();
  return host;
}

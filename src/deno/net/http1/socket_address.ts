/** struct sockaddr_in and sockaddr_in6 of Linux: netinet/in.h, ip(7), ipv6(7). */

const AF_INET = 2;
const AF_INET6 = 10;

/** An address as the system's calls take it. */
export interface SocketAddress {
  readonly family: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** For an IP address as text, without a zone; `undefined` for what is none. */
export function socketAddress(address: string, port: number): SocketAddress | undefined {
  const four = ipv4(address);
  const six = four === undefined ? ipv6(address) : undefined;
  const ip = four ?? six;
  if (ip === undefined) return undefined;
  const family = four === undefined ? AF_INET6 : AF_INET;
  const bytes = new Uint8Array(four === undefined ? 28 : 16);
  new Uint16Array(bytes.buffer, 0, 1)[0] = family; // in the processor's order
  bytes.set([port >>> 8, port & 0xff], 2);
  bytes.set(ip, four === undefined ? 8 : 4);
  return { family, bytes };
}

function ipv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.map(Number);
}

/** RFC 4291, section 2.2. */
function ipv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [first, second] = halves.map((half, i) => groups(half, i === halves.length - 1));
  if (first === undefined || (halves.length === 2 && second === undefined)) return undefined;
  const missing = 16 - first.length - (second?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...first, ...new Array<number>(missing).fill(0), ...second ?? []];
}

/** The bytes of groups of four digits; the very last of the address may be an IPv4 address. */
function groups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const last = isEnd && i === parts.length - 1 ? ipv4(part) : undefined;
    if (last !== undefined) bytes.push(...last);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) bytes.push(parseInt(part, 16) >>> 8, parseInt(part, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

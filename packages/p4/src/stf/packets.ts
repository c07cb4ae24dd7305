/** Packets that came out compared with those that an STF file expects. */
import type { Statement } from "./statement.ts";
import type { Packet } from "./switch.ts";

type Expected = Extract<Statement, { kind: "expect" }>;
type Failure = { readonly line: number; readonly message: string };

/** Bytes as hexadecimal digits, in lower case and without blanks. */
export const hexadecimal = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes of hexadecimal digits, two for each. */
export const bytesOfHex = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const described = (digits: string): string =>
  digits === "" ? "an empty packet" : `${digits} (${digits.length / 2} bytes)`;

/** Why a packet is not the one that is expected; undefined when it is. */
function difference({ digits, isExact }: Expected, { data }: Packet): string | undefined {
  if (digits === undefined) return undefined;
  const is = hexadecimal(data);
  const wrong = Array.from(digits).findIndex((digit, at) => digit !== "*" && digit !== is[at]);
  const isShort = is.length < digits.length;
  if (wrong === -1 && !isShort && (!isExact || is.length === digits.length)) return undefined;
  const place =
    wrong === -1 || wrong >= is.length ? "in length" : `from byte ${Math.floor(wrong / 2)} on`;
  return `expected ${digits}${isExact ? "$" : ""}, got ${described(is)}: they differ ${place}`;
}

const byPort = <T extends { readonly port: number }>(
  all: readonly T[],
): Map<number, readonly T[]> => Map.groupBy(all, ({ port }) => port);

/** Packets beyond those that are expected so far, by port and number. */
export function surplus(expected: readonly Expected[], seen: readonly Packet[]): readonly Packet[] {
  const wanted = byPort(expected);
  return [...byPort(seen)].flatMap(([port, packets]) =>
    packets.slice(wanted.get(port)?.length ?? 0),
  );
}

/** All differences: packets that are other ones, missing ones, and those that nobody expects. */
export function packetFailures(
  expected: readonly Expected[],
  seen: readonly Packet[],
  lastLine: number,
): readonly Failure[] {
  const came = byPort(seen);
  const wrong = [...byPort(expected)].flatMap(([port, wanted]) =>
    wanted.flatMap((each, index) => {
      const packet = came.get(port)?.[index];
      const { line } = each.place;
      if (packet === undefined) {
        const what = each.digits === undefined ? "any packet" : each.digits;
        return [{ line, message: `expect: no packet came out of port ${port}, expected ${what}` }];
      }
      const message = difference(each, packet);
      return message === undefined
        ? []
        : [{ line, message: `expect: packet ${index + 1} of port ${port}: ${message}` }];
    }),
  );
  const extra = surplus(expected, seen).map(({ port, data }) => ({
    line: lastLine,
    message: `nobody expects the packet that came out of port ${port}: ${described(hexadecimal(data))}`,
  }));
  return [...wrong, ...extra];
}

/** Ports as people write them: 80, 80/udp, http/tcp. */
import type { Family } from "@seam/base";
import { type Protocol, protocolOf } from "@seam/reach";

/** A number or what may be a port's name; TCP where nothing is said. */
export type PortWord = { readonly port: number | string; readonly protocol: Protocol };

/** Reads a word; null for a number that is no port, and for another protocol than TCP, UDP and SCTP. */
export function readPortWord(word: string): PortWord | null {
  const [text = "", suffix = "TCP", ...more] = word.split("/");
  const protocol = protocolOf(suffix.toUpperCase());
  if (protocol === null || more.length > 0) return null;
  if (!/^\d+$/.test(text)) return { port: text, protocol };
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? { port, protocol } : null;
}

/** What asks for an echo (RFC 792, RFC 4443). */
const ECHO_REQUEST = { ipv4: 8, ipv6: 128 } as const;

/** Reads a message of ICMP, as icmp, icmp/TYPE or icmp/TYPE/CODE; an echo request where nothing is said, null for what is none. */
export function readIcmpWord(
  word: string,
  family: Family,
): { readonly type: number; readonly code: number } | null {
  const read = /^icmp(?:\/(\d+)(?:\/(\d+))?)?$/i.exec(word);
  if (read === null) return null;
  const [, type = ECHO_REQUEST[family], code = 0] = read;
  const message = { type: Number(type), code: Number(code) };
  return message.type <= 255 && message.code <= 255 ? message : null;
}

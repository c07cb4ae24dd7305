/** Ports as people write them: 80, 80/udp, http/tcp. */
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

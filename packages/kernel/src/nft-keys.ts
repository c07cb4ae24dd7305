/** Keys of sets as they are in registers. */
import { uint16Network } from "./netlink-message.ts";

const IFNAME_BYTES = 16;

/** A port as it is in a register. */
export const portKey = (port: number): Buffer => uint16Network(port);

/** A protocol's number as it is in a register. */
export const protocolKey = (protocol: number): Buffer => Buffer.from([protocol]);

/** An interface's name as it is in registers. */
export function ifnameKey(name: string): Buffer {
  const key = Buffer.alloc(IFNAME_BYTES);
  key.write(name, "latin1");
  return key;
}

/** Keys of sets as they are in registers. */
import type { Permission } from "@seam/state";
import { createHash } from "node:crypto";

import { uint16Network } from "./netlink-message.ts";

const IFNAME_BYTES = 16;
const PERMISSION_BYTES = 12;

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

/** What stands for a permission as a map's data: the same for the same text, and for no other. */
export const permissionBytes = (permission: Permission): Buffer =>
  createHash("sha256").update(permission).digest().subarray(0, PERMISSION_BYTES);

/** Where the key of a permission begins, which always is the same. */
export const PERMISSION_HEAD = Buffer.alloc(4);

/** A permission as it is in registers. */
export const permissionKey = (permission: Permission): Buffer =>
  Buffer.concat([PERMISSION_HEAD, permissionBytes(permission)]);

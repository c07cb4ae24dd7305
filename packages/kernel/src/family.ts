/** Address families as the kernel numbers them (include/linux/socket.h). */
import type { Address, Family } from "@seam/base";

/** AF_INET or AF_INET6. */
export const familyNumber = (family: Family): number => (family === "ipv4" ? 2 : 10);

/** The address in network order. */
export const addressBytes = (address: Address): Buffer => Buffer.from(address.bytes);

/** 4 or 16 bytes as an address; null for anything else. */
export function addressOf(bytes: Buffer | undefined): Address | null {
  if (bytes?.length === 4) return { family: "ipv4", bytes: [...bytes] };
  return bytes?.length === 16 ? { family: "ipv6", bytes: [...bytes] } : null;
}

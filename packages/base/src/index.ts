/** Words shared by all of Seam: results, units, addresses. Imports nothing. */
export {
  type Address,
  addressAt,
  addressNumber,
  type Cidr,
  cidrContains,
  cidrSize,
  FAMILIES,
  type Family,
  familyBits,
  linkLocalOf,
  formatAddress,
  formatCidr,
  maskAddress,
  parseAddress,
  parseCidr,
  parseNetwork,
} from "./address.ts";
export { exhaustive, invariant } from "./invariant.ts";
export { err, ok, type Result } from "./result.ts";
export {
  type BitsPerSecond,
  bitsPerSecond,
  type Bytes,
  bytes,
  type Ifindex,
  ifindex,
  type Mbps,
  mbps,
  type Millis,
  millis,
  type Quantity,
} from "./units.ts";

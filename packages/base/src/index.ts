/** Words shared by all of Seam: results, units, addresses. Imports nothing. */
export {
  type Address,
  addressAt,
  type Cidr,
  cidrContains,
  cidrSize,
  type Family,
  familyBits,
  linkLocalOf,
  formatAddress,
  formatCidr,
  maskAddress,
  parseAddress,
  parseCidr,
} from "./address.ts";
export { exhaustive, invariant } from "./invariant.ts";
export { err, ok, type Result } from "./result.ts";
export {
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

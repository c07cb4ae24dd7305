/** Any part of a node's state for people and programs: addresses and prefixes as text, all else as it is. */
import { type Address, type Cidr, formatAddress, formatCidr } from "@seam/base";

/** The value with each address and prefix in canonical text, at every depth; it follows the form of the value, so new parts need nothing here. */
export function textForm(value: unknown): unknown {
  if (isAddress(value)) return formatAddress(value);
  if (isCidr(value)) return formatCidr(value);
  if (Array.isArray(value)) return value.map(textForm);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, textForm(inner)]));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isAddress = (value: unknown): value is Address =>
  isRecord(value) &&
  (value["family"] === "ipv4" || value["family"] === "ipv6") &&
  Array.isArray(value["bytes"]);

const isCidr = (value: unknown): value is Cidr =>
  isRecord(value) && typeof value["length"] === "number" && isAddress(value["address"]);

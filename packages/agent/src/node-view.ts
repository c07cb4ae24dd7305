/** A node's state for people and programs: addresses and prefixes as text, all else as it is. Pure. */
import { type Address, type Cidr, formatAddress, formatCidr } from "@seam/base";
import { isJson, type Json } from "@seam/kube";

import type { Comparison } from "./reconcile.ts";

/** What the node should look like, what it looks like, and the steps between, as JSON. */
export function nodeView(comparison: Comparison): Json {
  return Object.fromEntries(
    Object.entries(comparison).map(([key, value]) => [key, textForm(value)]),
  );
}

/** Any state or step with its addresses and prefixes in canonical text; it follows the form of the value, so new parts need nothing here. */
export function textForm(value: unknown): unknown {
  if (isAddress(value)) return formatAddress(value);
  if (isCidr(value)) return formatCidr(value);
  if (Array.isArray(value)) return value.map(textForm);
  if (!isJson(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, textForm(inner)]));
}

const isAddress = (value: unknown): value is Address =>
  isJson(value) &&
  (value["family"] === "ipv4" || value["family"] === "ipv6") &&
  Array.isArray(value["bytes"]);

const isCidr = (value: unknown): value is Cidr =>
  isJson(value) && typeof value["length"] === "number" && isAddress(value["address"]);

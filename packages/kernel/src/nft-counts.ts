/**
 * Counters of a set's elements out of what the kernel lists (nft_set_elem_attributes of include/uapi/linux/netfilter/nf_tables.h). A node has
 * ten thousands of elements, of which few have counted anything: nothing is made of the others.
 */
import { ATTRIBUTE_TYPE_MASK, type Message } from "./netlink-message.ts";

/** An element that packets found. */
export type ElementCount = { readonly key: Buffer; readonly packets: number };

const LIST = 3;
const ELEMENT = { key: 1, expression: 7 } as const;
const EXPRESSION_DATA = 2;
const COUNTER_PACKETS = 2;
const VALUE = 1;
const FAMILY_HEADER = 4;

/** A stretch of bytes. */
type Span = { readonly bytes: Buffer; readonly start: number; readonly end: number };

/** The elements that counted at least one packet, with copies of their keys. */
export const countsOf = (messages: readonly Message[]): readonly ElementCount[] =>
  messages.flatMap(({ body }) => {
    const list = find({ bytes: body, start: FAMILY_HEADER, end: body.length }, LIST);
    return list === null ? [] : countsIn(list);
  });

function countsIn({ bytes, start, end }: Span): readonly ElementCount[] {
  const counts: ElementCount[] = [];
  for (let at = start; at + 4 <= end;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > end) break;
    const found = countOf({ bytes, start: at + 4, end: at + length });
    if (found !== null) counts.push(found);
    at += aligned(length);
  }
  return counts;
}

function countOf(element: Span): ElementCount | null {
  const counter = path(element, [ELEMENT.expression, EXPRESSION_DATA, COUNTER_PACKETS]);
  const packets = counter === null ? 0 : Number(counter.bytes.readBigUInt64BE(counter.start));
  const key = packets === 0 ? null : path(element, [ELEMENT.key, VALUE]);
  return key === null
    ? null
    : { key: Buffer.from(key.bytes.subarray(key.start, key.end)), packets };
}

function path(span: Span, types: readonly number[]): Span | null {
  let found: Span | null = span;
  for (const type of types) found = found === null ? null : find(found, type);
  return found;
}

/** The payload of the first attribute of the type; null when there is none. */
function find({ bytes, start, end }: Span, type: number): Span | null {
  for (let at = start; at + 4 <= end;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > end) return null;
    if ((bytes.readUInt16LE(at + 2) & ATTRIBUTE_TYPE_MASK) === type)
      return { bytes, start: at + 4, end: at + length };
    at += aligned(length);
  }
  return null;
}

const aligned = (length: number): number => (length + 3) & ~3;

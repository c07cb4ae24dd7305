/** Extern objects that a control plane reaches, by the names that v1model.p4, psa.p4 and pna.p4 give their types. */
import { annotationText } from "../ir/annotation.ts";
import type { ExternNode } from "../eval/instances.ts";
import type { Type } from "../types/type.ts";
import { annotationNumber } from "./annotated.ts";
import type { Sort } from "./identifiers.ts";
import type {
  ActionProfileInfo,
  DirectInfo,
  IndexedInfo,
  Preamble,
  RegisterInfo,
} from "./p4info.ts";
import { describeType, type TypeBook, typeNameOf } from "./types.ts";

/** Sort of an extern's objects, and which of its type arguments is that of an index. */
type Known = { readonly sort: Sort; readonly index?: number; readonly isSelector?: true };

const KNOWN: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["counter", { sort: "counter", index: 0 }],
  ["Counter", { sort: "counter", index: 1 }],
  ["direct_counter", { sort: "directCounter" }],
  ["DirectCounter", { sort: "directCounter" }],
  ["meter", { sort: "meter", index: 0 }],
  ["Meter", { sort: "meter", index: 0 }],
  ["direct_meter", { sort: "directMeter" }],
  ["DirectMeter", { sort: "directMeter" }],
  ["register", { sort: "register", index: 1 }],
  ["Register", { sort: "register", index: 1 }],
  ["action_profile", { sort: "actionProfile" }],
  ["ActionProfile", { sort: "actionProfile" }],
  ["action_selector", { sort: "actionProfile", isSelector: true }],
  ["ActionSelector", { sort: "actionProfile", isSelector: true }],
  ["Digest", { sort: "digest" }],
]);

/** What a control plane reaches of an extern object; undefined when it is none of its business. */
export function knownOf({ instance }: ExternNode): Known | undefined {
  return instance.type.kind === "extern" ? KNOWN.get(instance.type.name) : undefined;
}

/** The type argument of an extern object that is at a place. */
export const typeArgument = ({ instance }: ExternNode, at: number | undefined): Type | undefined =>
  instance.type.kind === "extern" && at !== undefined ? instance.type.arguments[at] : undefined;

/** A number that the constructor was given, by the first of these names. */
export function numberGiven(node: ExternNode, ...names: readonly string[]): number {
  for (const name of names) {
    const bound = node.arguments.get(name);
    if (bound?.kind === "value" && bound.value.kind === "integer") return Number(bound.value.value);
  }
  return 0;
}

const UNITS: ReadonlyMap<string, "BYTES" | "PACKETS" | "BOTH"> = new Map([
  ["BYTES", "BYTES"],
  ["PACKETS", "PACKETS"],
  ["PACKETS_AND_BYTES", "BOTH"],
]);

/** What counters or meters count. */
export function specOf(node: ExternNode): { readonly unit: "BYTES" | "PACKETS" | "BOTH" } {
  const bound = node.arguments.get("type");
  const member = bound?.kind === "value" && bound.value.kind === "enum" ? bound.value.member : "";
  return { unit: UNITS.get(member.toUpperCase()) ?? "BOTH" };
}

function indexName(node: ExternNode) {
  const name = typeNameOf(typeArgument(node, knownOf(node)?.index));
  return name === undefined ? {} : { index_type_name: name };
}

/** Counters or meters by an index. */
export const indexedInfo = (node: ExternNode, preamble: Preamble): IndexedInfo => ({
  preamble,
  spec: specOf(node),
  size: numberGiven(node, "size", "n_counters", "n_meters"),
  ...indexName(node),
});

/** Counters or meters of a table's entries. */
export const directInfo = (
  node: ExternNode,
  preamble: Preamble,
  table: number | undefined,
): DirectInfo => ({
  preamble,
  spec: specOf(node),
  ...(table !== undefined && { direct_table_id: table }),
});

/** A register. */
export function registerInfo(node: ExternNode, preamble: Preamble, book: TypeBook): RegisterInfo {
  const data = typeArgument(node, 0);
  return {
    preamble,
    type_spec: describeType(book, data ?? { kind: "bit", width: 0 }),
    size: numberGiven(node, "size"),
    ...indexName(node),
  };
}

/** An action profile; a selector counts weights, unless its annotation says members (P4Runtime 1.5, section 6.4.4). */
export function profileInfo(
  node: ExternNode,
  preamble: Preamble,
  tables: readonly number[],
): ActionProfileInfo {
  const { annotations } = node.instance;
  const size = numberGiven(node, "size");
  if (knownOf(node)?.isSelector !== true) return { preamble, table_ids: tables, size };
  const greatest = annotationNumber(annotations, "max_group_size");
  const weight = annotationNumber(annotations, "max_member_weight");
  return {
    preamble,
    table_ids: tables,
    with_selector: true,
    size,
    ...(greatest !== undefined && { max_group_size: Number(greatest) }),
    ...(annotationText(annotations, "selector_size_semantics") === "sum_of_members"
      ? { sum_of_members: weight === undefined ? {} : { max_member_weight: Number(weight) } }
      : { sum_of_weights: {} }),
  };
}

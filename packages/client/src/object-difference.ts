/** What differs between two states of an object, field by field; pure. */
import { APPLIED_ANNOTATION } from "@seam/compose";
import { isJson, type KubeObject } from "@seam/kube";

/** One field that differs; undefined where there is none. */
export type FieldChange = {
  /** Such as `.spec.workloads[server].replicas`: items that have names are called by them. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
};

/** What the API server alone writes, and Seam's own digest of what it applied. */
const SERVERS = new Set([
  "managedFields",
  "resourceVersion",
  "generation",
  "uid",
  "creationTimestamp",
  "selfLink",
]);

/** An object as people write it: without status and what only the API server writes. */
export function asWritten(object: KubeObject): KubeObject {
  const { status: _, metadata, ...rest } = object;
  const own = Object.entries(metadata).filter(([key]) => !SERVERS.has(key));
  const { annotations, ...others } = Object.fromEntries(own);
  const marks = isJson(annotations)
    ? Object.entries(annotations).filter(([key]) => key !== APPLIED_ANNOTATION)
    : [];
  const kept = marks.length === 0 ? {} : { annotations: Object.fromEntries(marks) };
  const { apiVersion, kind, ...content } = rest;
  return { apiVersion, kind, metadata: { ...others, name: metadata.name, ...kept }, ...content };
}

/** The fields that differ, in the order of the objects; a part that only one side has is one change. */
export function fieldChanges(before: unknown, after: unknown, path = ""): readonly FieldChange[] {
  const [left, right] = [keyed(before), keyed(after)];
  if (left === null || right === null || left.kind !== right.kind) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  }
  const keys = new Set([...left.items.keys(), ...right.items.keys()]);
  return [...keys].flatMap((key) =>
    fieldChanges(left.items.get(key), right.items.get(key), `${path}${step(left.kind, key)}`),
  );
}

type Keyed = {
  readonly kind: "object" | "list";
  readonly items: ReadonlyMap<string, unknown>;
};

/** The parts of a value by key, name or position; null when it has none. */
function keyed(value: unknown): Keyed | null {
  if (Array.isArray(value)) {
    const named = new Map(value.map((item) => [nameIn(item), item]));
    const byName = !named.has(null) && named.size === value.length;
    const entries = value.map((item: unknown, at): [string, unknown] => [
      byName ? (nameIn(item) ?? "") : String(at),
      item,
    ]);
    return { kind: "list", items: new Map(entries) };
  }
  return isJson(value) ? { kind: "object", items: new Map(Object.entries(value)) } : null;
}

const nameIn = (item: unknown): string | null =>
  isJson(item) && typeof item["name"] === "string" ? item["name"] : null;

function step(kind: Keyed["kind"], key: string): string {
  if (kind === "list") return `[${key}]`;
  return /^[A-Za-z0-9_-]+$/.test(key) ? `.${key}` : `['${key}']`;
}

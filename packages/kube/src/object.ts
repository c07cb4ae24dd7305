/** Kubernetes objects as raw JSON: nothing is dropped that a typed model would not know. */

/** A JSON object. */
export type Json = { readonly [key: string]: unknown };

/** Metadata of an object: the fields that this package reads; the others are kept. */
export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly [key: string]: unknown;
};

/** Any Kubernetes object. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [key: string]: unknown;
};

/** A kind of objects, perhaps in one namespace. */
export type KindRef = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
};

/** One object. */
export type ObjectRef = KindRef & { readonly name: string };

/** Whether `value` is a JSON object. */
export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether `value` has what every Kubernetes object has. */
export const isKubeObject = (value: unknown): value is KubeObject =>
  isJson(value) &&
  typeof value["apiVersion"] === "string" &&
  typeof value["kind"] === "string" &&
  isJson(value["metadata"]) &&
  typeof value["metadata"]["name"] === "string";

/** The object under `key`, or an empty one. */
export function child(value: Json, key: string): Json {
  const inner = value[key];
  return isJson(inner) ? inner : {};
}

/** The objects in the array under `key`. */
export function children(value: Json, key: string): readonly Json[] {
  const inner = value[key];
  return Array.isArray(inner) ? inner.filter(isJson) : [];
}

/** The text under `key`, or null. */
export function textAt(value: Json, key: string): string | null {
  const inner = value[key];
  return typeof inner === "string" && inner !== "" ? inner : null;
}

/** Without the list of who wrote which field, which is often longer than the object. */
export function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** NAMESPACE/NAME, or NAME when the object has no namespace. */
export const objectKey = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;

/** The reference of an object. */
export const refOf = (object: KubeObject): ObjectRef => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  name: object.metadata.name,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
});

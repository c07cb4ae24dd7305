/** Network policies as messages and as objects of Kubernetes: the JSON form of the one's spec is that of the other. */
import { create, fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import { err, ok, type Result } from "@seam/base";
import {
  child,
  isJson,
  type Json,
  type KindRef,
  type KubeObject,
  type ObjectRef,
} from "@seam/kube";
import {
  type NetworkPolicy,
  NetworkPolicySchema,
  type NetworkPolicySpec,
  NetworkPolicySpecSchema,
  type Status,
} from "@seam/wire";

/** The kind that this door is to. */
const POLICIES: KindRef = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };

/** The message of an object. */
export const messageOf = ({ metadata, ...object }: KubeObject): NetworkPolicy =>
  create(NetworkPolicySchema, {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: textsIn(child(metadata, "labels")),
    resourceVersion: metadata.resourceVersion ?? "",
    // A field of a later Kubernetes is not told, but does not hide the others.
    spec: fromJson(NetworkPolicySpecSchema, jsonOf(child(object, "spec")), {
      ignoreUnknownFields: true,
    }),
  });

/** What a policy of this message shall be: its place and what it says. */
export type Wish = {
  readonly ref: ObjectRef & { readonly namespace: string };
  readonly labels: Json;
  /** The only version that may be changed; empty: any, and none. */
  readonly resourceVersion: string;
  readonly spec: JsonObject;
};

/** Reads a message; what is not an object of Kubernetes is refused with the field's path. */
export function wishOf(policy: NetworkPolicy | undefined): Result<Wish, Status> {
  if (policy === undefined) return invalid("policy: expected the policy as it shall be");
  const ref = refOf(policy, "policy.");
  if (!ref.ok) return ref;
  if (policy.spec === undefined)
    return invalid("policy.spec: expected what the policy allows; {} allows nothing to come in");
  const spec = specOf(policy.spec);
  if (!spec.ok) return spec;
  const { labels, resourceVersion } = policy;
  return ok({ ref: ref.value, labels, resourceVersion, spec: spec.value });
}

/** A new object. */
export const newObject = ({ ref, labels, spec }: Wish): KubeObject => ({
  ...POLICIES,
  metadata: { namespace: ref.namespace, name: ref.name, labels },
  spec,
});

/** The object changed to what is wished; what the message does not have of it stays. */
export const changedObject = (found: KubeObject, wish: Wish): KubeObject => {
  const { resourceVersion = "" } = found.metadata;
  return {
    ...found,
    metadata: {
      ...found.metadata,
      labels: { ...child(found.metadata, "labels"), ...wish.labels },
      resourceVersion: wish.resourceVersion === "" ? resourceVersion : wish.resourceVersion,
    },
    spec: wish.spec,
  };
};

/** Names become parts of paths: they must be names. */
export function refOf(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  field = "",
): Result<ObjectRef & { readonly namespace: string }, Status> {
  if (!isName(namespace)) return invalid(nameExpected(`${field}namespace`, namespace));
  if (!isName(name)) return invalid(nameExpected(`${field}name`, name));
  return ok({ ...POLICIES, namespace, name });
}

/** The policies of a namespace, or of all when it is empty. */
export function kindIn(namespace: string): Result<KindRef, Status> {
  if (namespace === "") return ok(POLICIES);
  return isName(namespace)
    ? ok({ ...POLICIES, namespace })
    : invalid(nameExpected("namespace", namespace));
}

const isName = (text: string): boolean =>
  text.length < 254 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);

const nameExpected = (field: string, found: string): string =>
  `${field}: expected lower-case letters, digits, - and ., for example lab-a; found "${found}"`;

const invalid = (message: string): Result<never, Status> =>
  err({ code: "INVALID_ARGUMENT", message });

/** A value without a kind, or a number that JSON does not have, can be sent but not said in JSON. */
function specOf(spec: NetworkPolicySpec): Result<JsonObject, Status> {
  try {
    const json = toJson(NetworkPolicySpecSchema, spec);
    return isJson(json) ? ok(json) : invalid("policy.spec: expected an object");
  } catch (error) {
    return invalid(`policy.spec: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const textsIn = (labels: Json): { [key: string]: string } =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));

/** What came as JSON is JSON all the way down. */
const jsonOf = (value: Json): JsonObject => JSON.parse(JSON.stringify(value));

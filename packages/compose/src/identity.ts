/** Who an object is: what owner references, events and status writes need of it. */
import { textAt, type KubeObject, type Json } from "@seam/kube";

/** The identity of one object of Seam's own kinds. */
export type Identity = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly isDeleted: boolean;
};

/** The identity of `object`. */
export function identityOf(object: KubeObject): Identity {
  const { metadata } = object;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: metadata.namespace ?? null,
    name: metadata.name,
    uid: textAt(metadata, "uid") ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    generation: typeof metadata["generation"] === "number" ? metadata["generation"] : 0,
    createdAt: createdAtOf(object),
    isDeleted: textAt(metadata, "deletionTimestamp") !== null,
  };
}

/** When the API server made an object, in milliseconds since the epoch; 0 when it does not say. */
export const createdAtOf = ({ metadata }: KubeObject): number =>
  Date.parse(textAt(metadata, "creationTimestamp") ?? "") || 0;

/** The owner reference that makes the garbage collector remove an object with its owner. */
export const ownerReference = (owner: Identity): Json => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.name,
  uid: owner.uid,
  controller: true,
  blockOwnerDeletion: true,
});

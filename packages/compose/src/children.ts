/** The difference between objects that exist for an owner and those that are wanted; pure. */
import { child, refOf, textAt, type Json, type KubeObject, type ObjectRef } from "@seam/kube";
import { contains } from "./contains.ts";
import { APPLIED_ANNOTATION } from "./names.ts";

/** What must be done to an owner's objects; `create` names those of `apply` that do not exist yet. */
export type Changes = {
  readonly apply: readonly KubeObject[];
  readonly create: readonly ObjectRef[];
  readonly remove: readonly ObjectRef[];
  /** Those of `apply` that were applied like this before: something else has changed them since. */
  readonly drifted: readonly ObjectRef[];
};

/** An object that exists, as far as it is compared. */
export type Existing = {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for an object without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly content: Json;
};

/** What is compared: all but the status and what only the API server writes. */
export function contentOf(object: KubeObject): Json {
  const { apiVersion: _, kind: _kind, metadata, status: _status, ...rest } = object;
  const { labels, annotations, ownerReferences } = metadata;
  return { metadata: { labels, annotations, ownerReferences }, ...rest };
}

/** What must be applied and removed so that exactly what is wanted exists. */
export function changesTo(own: readonly Existing[], wanted: readonly KubeObject[]): Changes {
  const existing = (object: KubeObject): Existing | undefined =>
    own.find((item) => isSame(item, object));
  const isAsWanted = (object: KubeObject): boolean => {
    const found = existing(object);
    return found !== undefined && contains(found.content, contentOf(object));
  };
  const apply = wanted.filter((object) => !isAsWanted(object));
  return {
    apply,
    create: apply.filter((object) => existing(object) === undefined).map(refOf),
    drifted: apply
      .filter((object) => {
        const found = existing(object);
        return found !== undefined && digestIn(found.content) === digestIn(contentOf(object));
      })
      .map(refOf),
    remove: own.filter((item) => !wanted.some((object) => isSame(item, object))).map(refOfExisting),
  };
}

/** The digest of what was applied; of an object that was never applied null, which equals no other's. */
const digestIn = (content: Json): string | null =>
  textAt(child(child(content, "metadata"), "annotations"), APPLIED_ANNOTATION);

const isSame = (item: Existing, object: KubeObject): boolean =>
  item.kind === object.kind && item.name === object.metadata.name;

const refOfExisting = ({ apiVersion, kind, namespace, name }: Existing): ObjectRef => ({
  apiVersion,
  kind,
  name,
  ...(namespace === "" ? {} : { namespace }),
});

/** References to objects, in the namespace of the session when their kind has one. */
import type { KnownKind, Seam } from "@seam/client";
import type { KindRef, ObjectRef } from "@seam/kube";

/** A reference to one object. */
export function refIn(seam: Seam, known: KnownKind, name: string): ObjectRef {
  return { ...scope(seam, known, { everywhere: false }), name };
}

/** The objects of a kind: of the session's namespace or of all. */
export function scope(
  seam: Seam,
  known: KnownKind,
  { everywhere }: { readonly everywhere: boolean },
): KindRef {
  const ref = { apiVersion: known.apiVersion, kind: known.kind };
  return everywhere || !known.namespaced ? ref : { ...ref, namespace: seam.namespace };
}

/** What becomes of one object; pure. */
import { type KubeObject, type ObjectRef, refOf } from "@seam/kube";
import { asWritten, type FieldChange, fieldChanges } from "./object-difference.ts";

/** What becomes of one object. */
export type PlannedObject = {
  readonly ref: ObjectRef;
  readonly action: "create" | "change" | "delete" | "unchanged";
  /** The object of the documents that it is made of; null for one of the documents. */
  readonly madeOf: ObjectRef | null;
  /** Workloads that must be Ready first. */
  readonly waitsFor: readonly string[];
  /** Of a change. */
  readonly fields: readonly FieldChange[];
  /** As it is, without status; null when it does not exist. */
  readonly before: KubeObject | null;
  /** As it would be; null when it goes. */
  readonly after: KubeObject | null;
};

/** An object as it is and as it would be. */
export type Tried = {
  readonly before: KubeObject | null;
  readonly after: KubeObject;
  /** The server could not try it, because its kind or its namespace is made by the same documents. */
  readonly isPending: boolean;
};

/** An object that will be there. */
export function plannedObject(
  { before, after }: Pick<Tried, "before" | "after">,
  madeOf: ObjectRef | null,
): PlannedObject {
  const [was, will] = [before === null ? null : asWritten(before), asWritten(after)];
  const fields = was === null ? [] : fieldChanges(was, will);
  const kept = fields.length === 0 ? "unchanged" : "change";
  const action = was === null ? "create" : kept;
  return { ref: refOf(after), action, madeOf, waitsFor: [], fields, before: was, after: will };
}

/** An object that goes. */
export const goingObject = (object: KubeObject, madeOf: ObjectRef): PlannedObject => ({
  ref: refOf(object),
  action: "delete",
  madeOf,
  waitsFor: [],
  fields: [],
  before: asWritten(object),
  after: null,
});

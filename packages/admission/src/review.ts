/** AdmissionReview (admission.k8s.io/v1): what the API server asks before it stores an object, and what it is answered. Pure. */
import { err, ok, type Result } from "@seam/base";
import { child, isJson, isKubeObject, type Json, type KubeObject, textAt } from "@seam/kube";

/** A question about a pod. */
export type Review = {
  /** Of the question, for the answer. */
  readonly uid: string;
  readonly operation: "CREATE" | "UPDATE";
  readonly namespace: string;
  readonly pod: KubeObject;
  /** The pod as it is until now; null when it is created. */
  readonly before: KubeObject | null;
  /** Nothing will be stored, so nothing may be remembered. */
  readonly isDryRun: boolean;
};

/** The answer to a question. */
export type Answer = {
  readonly warnings: readonly string[];
} & (
  | { readonly allowed: true; readonly patch: readonly JsonPatch[] }
  | { readonly allowed: false; readonly message: string }
);

/** A step of a JSON patch (RFC 6902). */
export type JsonPatch = {
  readonly op: "add";
  readonly path: string;
  readonly value: Json | string;
};

/** Reads a question; the error says what it lacks. */
export function readReview(text: string): Result<Review, string> {
  const request = requestIn(text);
  if (request === null)
    return err("expected an AdmissionReview of admission.k8s.io/v1 with a request");
  const uid = textAt(request, "uid");
  const operation = textAt(request, "operation");
  const pod = child(request, "object");
  if (uid === null) return err("request.uid: expected a text");
  if (operation !== "CREATE" && operation !== "UPDATE")
    return err(`request.operation: expected CREATE or UPDATE, found ${operation ?? "nothing"}`);
  if (!isKubeObjectWithoutName(pod)) return err("request.object: expected a pod");
  const before = child(request, "oldObject");
  return ok({
    uid,
    operation,
    namespace: textAt(request, "namespace") ?? "",
    pod,
    before: isKubeObject(before) ? before : null,
    isDryRun: request["dryRun"] === true,
  });
}

/** A pod that is created from a template has a `generateName`, and its name only after mutation. */
const isKubeObjectWithoutName = (value: Json): value is KubeObject => isJson(value["metadata"]);

function requestIn(text: string): Json | null {
  try {
    const review: unknown = JSON.parse(text);
    if (!isJson(review) || review["apiVersion"] !== "admission.k8s.io/v1") return null;
    const { request } = review;
    return isJson(request) ? request : null;
  } catch {
    return null;
  }
}

/** The answer as the API server reads it; the patch in base64, as JSON has no bytes. */
export function writeAnswer(uid: string, answer: Answer): string {
  const { warnings } = answer;
  const response = answer.allowed
    ? { allowed: true, ...patchOf(answer.patch) }
    : { allowed: false, status: { code: 403, reason: "Forbidden", message: answer.message } };
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid, ...response, ...(warnings.length === 0 ? {} : { warnings }) },
  });
}

const patchOf = (patch: readonly JsonPatch[]): Json =>
  patch.length === 0
    ? {}
    : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };

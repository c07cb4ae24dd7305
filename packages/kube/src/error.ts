/** Failures of the Kubernetes API as values: what the server said, or why it could not be asked. */
import { isJson, textAt } from "./object.ts";

/** `api`: the server answered and refused. `transport`: no answer. `usage`: the request cannot be made. */
export type KubeError = {
  readonly kind: "api" | "transport" | "usage";
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: unknown;
};

/** The error in a `Status` object, or the plain text of an answer that is none. */
export function apiError(code: number, body: unknown): KubeError {
  if (!isJson(body)) {
    return {
      kind: "api",
      code,
      reason: "Unknown",
      message: typeof body === "string" && body !== "" ? body : `HTTP ${code}`,
    };
  }
  const said = body["code"];
  return {
    kind: "api",
    code: typeof said === "number" ? said : code,
    reason: textAt(body, "reason") ?? "Unknown",
    message: textAt(body, "message") ?? `HTTP ${code}`,
    details: body["details"],
  };
}

/** The server gave no answer. */
export const transportError = (cause: unknown): KubeError => ({
  kind: "transport",
  code: 0,
  reason: isJson(cause) ? (textAt(cause, "code") ?? "Transport") : "Transport",
  message: cause instanceof Error ? cause.message : String(cause),
});

/** The request cannot be made. */
export const usageError = (reason: string, message: string): KubeError => ({
  kind: "usage",
  code: 0,
  reason,
  message,
});

/** Whether the object does not exist. */
export const isNotFound = (error: KubeError): boolean => error.code === 404;
/** Whether another writer was first, or owns the field. */
export const isConflict = (error: KubeError): boolean => error.code === 409;
/** Whether the resourceVersion is too old to go on from. */
export const isGone = (error: KubeError): boolean => error.code === 410;

/** Codes of Kubernetes as codes of gRPC; the message stays the API server's. */
import type { KubeError } from "@seam/kube";
import type { Code, Status } from "@seam/wire";

/** The status that a failure of the API is to a caller. */
export function statusOf(error: KubeError): Status {
  return { code: codeOf(error), message: error.message };
}

function codeOf(error: KubeError): Code {
  switch (error.kind) {
    case "transport":
      return "UNAVAILABLE";
    case "usage":
      return "UNIMPLEMENTED";
    case "api":
      return error.reason === "AlreadyExists" ? "ALREADY_EXISTS" : codeOfHttp(error.code);
  }
}

const CODES: { readonly [http: number]: Code } = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  410: "OUT_OF_RANGE",
  413: "INVALID_ARGUMENT",
  422: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

const codeOfHttp = (http: number): Code => CODES[http] ?? "INTERNAL";

/** Failures as values: what failed on which object, what to do about it, and a code for programs. */
import type { KubeError } from "@seam/kube";

/** What kind of failure it is. */
export type ErrorCode =
  | "BadConfig"
  | "BadInput"
  | "Conflict"
  | "Denied"
  | "Failed"
  | "NotFound"
  | "NotInstalled"
  | "Refused"
  | "Timeout"
  | "Unreachable";

/** A failure: a sentence, what to do, and single complaints when there are several. */
export type SeamError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details: readonly string[];
};

/** An object as people name it: `experiment lab-a/two-tier`. */
export const nameOf = (ref: {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}): string =>
  `${ref.kind.toLowerCase()} ${ref.namespace === undefined ? "" : `${ref.namespace}/`}${ref.name}`;

/** The text of a failure for a terminal: the sentence, each complaint, what to do. */
export const formatError = (error: SeamError): string =>
  [
    error.message,
    ...error.details.map((line) => `  ${line}`),
    ...(error.hint === "" ? [] : [error.hint]),
  ].join("\n");

/** What the API server (or its absence) said to `attempt`, such as `apply experiment a/b`. */
export function fromKube(attempt: string, error: KubeError): SeamError {
  const { code, hint } = meaning(error);
  const reason = error.message === "" ? error.reason : error.message;
  return { code, message: `cannot ${attempt}: ${reason}`, hint, details: [] };
}

type Meaning = Pick<SeamError, "code" | "hint">;

function meaning(error: KubeError): Meaning {
  if (error.kind === "transport") {
    return {
      code: "Unreachable",
      hint: "Check that the cluster runs (seam lab status) and that --kubeconfig or KUBECONFIG names it.",
    };
  }
  if (error.reason === "UnknownKind") {
    return {
      code: "NotInstalled",
      hint: "Install Seam first: seam install --image IMAGE. The definitions of its kinds alone are in deploy/helm/seam/files/crds.",
    };
  }
  const namespace = /namespaces "([^"]+)" not found/.exec(error.message)?.[1];
  if (namespace !== undefined) {
    return {
      code: "NotFound",
      hint: `Apply a Project named ${namespace} first; it makes the namespace.`,
    };
  }
  return BY_STATUS[error.code] ?? { code: "Refused", hint: "" };
}

const BY_STATUS: { readonly [status: number]: Meaning } = {
  400: { code: "BadInput", hint: "Correct the object and try again." },
  401: { code: "Denied", hint: "Use a kubeconfig with a valid certificate or token." },
  403: {
    code: "Denied",
    hint: "Ask an admin of the project to add you to spec.members of the Project.",
  },
  404: { code: "NotFound", hint: "List what there is with seam get." },
  409: {
    code: "Conflict",
    hint: "Someone else made or changed it: look at it (seam get -o yaml), then repeat, or take its fields over (--force).",
  },
  422: { code: "BadInput", hint: "Correct the field that is named and try again." },
};

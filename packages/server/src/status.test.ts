/** Which code of gRPC each failure of the API is. */
import type { KubeError } from "@seam/kube";
import { expect, test } from "vitest";

import { statusOf } from "./status.ts";

const api = (code: number, reason = "Unknown"): KubeError => ({
  kind: "api",
  code,
  reason,
  message: "the server's words",
});

test.each([
  [api(400), "INVALID_ARGUMENT"],
  [api(401), "UNAUTHENTICATED"],
  [api(403), "PERMISSION_DENIED"],
  [api(404), "NOT_FOUND"],
  [api(409, "Conflict"), "ABORTED"],
  [api(409, "AlreadyExists"), "ALREADY_EXISTS"],
  [api(410, "Expired"), "OUT_OF_RANGE"],
  [api(413), "INVALID_ARGUMENT"],
  [api(422, "Invalid"), "INVALID_ARGUMENT"],
  [api(429), "RESOURCE_EXHAUSTED"],
  [api(500), "INTERNAL"],
  [api(503), "UNAVAILABLE"],
  [api(504), "UNAVAILABLE"],
  [{ ...api(0), kind: "transport" }, "UNAVAILABLE"],
  [{ ...api(0), kind: "usage" }, "UNIMPLEMENTED"],
] as const)("%j is %s", (error, code) => {
  expect(statusOf(error)).toEqual({ code, message: "the server's words" });
});

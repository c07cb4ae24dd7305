/** How a call ends that does not end well: a value, as all expected failures are. */
import { status } from "@grpc/grpc-js";

/** Name of a status code of gRPC. */
export type Code = Exclude<keyof typeof status, "OK">;

/** Why a call failed. */
export type Status = { readonly code: Code; readonly message: string };

/** The number of a code on the wire. */
export const numberOfCode = (code: Code): number => status[code];

/** The code that a number on the wire stands for; a number that gRPC does not have is UNKNOWN. */
export function codeOfNumber(number: number): Code {
  const name = codes.find((each) => numberOfCode(each) === number);
  return name ?? "UNKNOWN";
}

const codes = [
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const satisfies readonly Code[];

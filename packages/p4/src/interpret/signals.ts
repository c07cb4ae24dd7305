/** How a program leaves several nested calls at once. There is one of each, made when the module is loaded, as making errors is slow. */
import type { Machine } from "./machine.ts";

/** What ends more than the statement it stands in. */
class Signal extends Error {
  override readonly name = "Signal";
}

/** `exit`: what was called so far is left, after its arguments were copied out. */
export const exitSignal = new Signal("exit");

/** The parser rejects the packet; the machine knows the error. */
export const rejectSignal = new Signal("reject");

/** Ends parsing with an error. */
export function reject(machine: Machine, error: string): never {
  machine.parserError = error;
  throw rejectSignal;
}

/** The program broke a rule that ends the run, such as an assertion, or asks for what the simulator does not have. */
export class Fault extends Error {
  override readonly name = "Fault";
}

/** Checksums and hashes over data of programs. */
import { exhaustive, invariant } from "@seam/base";
import { bytesOf, type Writer, writerOf } from "./codec.ts";
import { type Hash, hashOf } from "./hash.ts";
import type { ExternArgument, ExternCall, Run } from "./machine.ts";
import type { Random } from "./random.ts";
import { bitsOf, nameOf, numberOf, scalarOf, type Value } from "./value.ts";

/** The hash that a program's member of an enum names; one that is no function of the data is a number at random. */
export function hashNamed(member: Value, data: Uint8Array, random: Random): bigint {
  const hash = hashOf(nameOf(member));
  return hash === undefined ? random() : hash(data);
}

/** The hash of an argument that names one; looked up once when the name is known already. */
function hashBy({ get, expression }: ExternArgument, random: Random): Hash {
  if (expression?.kind !== "enum") return (data) => hashNamed(get(), data, random);
  return hashOf(expression.member) ?? ((): bigint => random());
}

/** A number for a type. */
export function numberAs(value: bigint, { type }: ExternArgument): Value {
  return numberOf(value, scalarOf(type) ?? { width: 64, isSigned: false });
}

/** An argument's bits as a number without a sign. */
export function unsigned({ get, type }: ExternArgument): bigint {
  return bitsOf(get(), scalarOf(type) ?? { width: 64, isSigned: false });
}

/** The arguments of a call, of which there are as many as are asked for. */
export function given(call: ExternCall, index: number): ExternArgument {
  const argument = call.arguments[index];
  invariant(argument !== undefined, `a call has an argument ${index}`);
  return argument;
}

/** Which of v1model's checksum functions it is. */
type Use = "verify" | "update";

/** `verify_checksum` and `update_checksum`, also with the payload. */
export function checksum(
  call: ExternCall,
  use: Use,
  { payload, wrong }: { readonly payload?: () => Uint8Array; readonly wrong: () => void },
): Run {
  const [condition, data] = [given(call, 0), given(call, 1)];
  const [sum, algorithm] = [given(call, 2), given(call, 3)];
  const write: Writer = writerOf(data.type);
  const hash = hashBy(algorithm, call.machine.random);
  const compute = (): Value => numberAs(hash(bytesOf(write, data.get(), payload?.())), sum);
  switch (use) {
    case "verify":
      return () => {
        if (condition.get() === true && compute() !== sum.get()) wrong();
        return false;
      };
    case "update":
      return () => {
        if (condition.get() === true) sum.set(compute());
        return false;
      };
    default:
      return exhaustive(use);
  }
}

/** `hash(result, algorithm, base, data, max)`: base + hash % max, or base when max is 0. */
export function hashInto(call: ExternCall): Run {
  const [result, algorithm, base] = [given(call, 0), given(call, 1), given(call, 2)];
  const [data, max] = [given(call, 3), given(call, 4)];
  const write = writerOf(data.type);
  const hash = hashBy(algorithm, call.machine.random);
  return () => {
    const most = unsigned(max);
    const hashed = hash(bytesOf(write, data.get()));
    const offset = most === 0n ? 0n : hashed % most;
    result.set(numberAs(unsigned(base) + offset, result));
    return false;
  };
}

/** Keysets of select cases and entries (specification 1.2.5, section 8.15): whether a value is in one. */
import type { Keyset } from "../ir/declaration.ts";
import type { Type } from "../types/type.ts";
import { sameOf } from "./equality.ts";
import type { Compiler } from "./machine.ts";
import { bitsOf, NARROW, scalarOf, type Value } from "./value.ts";

/** Whether a value fits. */
export type Fits = (value: Value) => boolean;

function masked(value: Value, mask: Value, type: Type): Fits {
  const number = scalarOf(type) ?? { width: 1, isSigned: false };
  if (number.width <= NARROW) {
    const [bits, care] = [Number(value), Number(mask)];
    return (each) => ((Number(each) ^ bits) & care) === 0;
  }
  const [bits, care] = [bitsOf(value, number), bitsOf(mask, number)];
  return (each) => ((bitsOf(each, number) ^ bits) & care) === 0n;
}

/** The function of a keyset; what it is made of is known. Value sets have no members: STF has no command that adds any. */
export function keysetFits(keyset: Keyset, type: Type, compiler: Compiler): Fits {
  switch (keyset.kind) {
    case "any":
      return () => true;
    case "value": {
      const value = compiler.constant(keyset.value);
      const same = sameOf(type);
      return (each) => same(each, value);
    }
    case "mask":
      return masked(compiler.constant(keyset.value), compiler.constant(keyset.mask), type);
    case "range": {
      const [first, last] = [compiler.constant(keyset.first), compiler.constant(keyset.last)];
      return (each) => each >= first && each <= last;
    }
    case "value set":
      return () => false;
  }
}

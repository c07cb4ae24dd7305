/** When values are the same (specification 1.2.5, sections 8.9 to 8.20). */
import type { Type } from "../types/type.ts";
import { partAt, parts, shapeOf, type Value } from "./value.ts";

/** Whether two values of a type are the same. */
export type Same = (left: Value, right: Value) => boolean;

const identical: Same = (left, right) => left === right;

const sameVarbit: Same = (left, right) =>
  typeof left === "object" &&
  typeof right === "object" &&
  left.kind === "varbit" &&
  right.kind === "varbit" &&
  left.bits === right.bits &&
  left.value === right.value;

/** Part by part; two invalid headers are the same whatever is in them. */
function sameParts(types: readonly Type[], isHeader: boolean): Same {
  const tests = types.map(sameOf);
  return (left, right) => {
    const [one, two] = [parts(left), parts(right)];
    if (isHeader && one.isValid !== two.isValid) return false;
    if (isHeader && !one.isValid) return true;
    return tests.every((test, index) => test(partAt(one, index), partAt(two, index)));
  };
}

function sameList(element: Type): Same {
  const test = sameOf(element);
  return (left, right) => {
    const [one, two] = [parts(left).parts, parts(right).parts];
    return (
      one.length === two.length &&
      one.every((value, index) => {
        const other = two[index];
        return other !== undefined && test(value, other);
      })
    );
  };
}

/** The comparison of a type. */
export function sameOf(type: Type): Same {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "number":
    case "bool":
    case "member":
    case "none":
      return identical;
    case "varbit":
      return sameVarbit;
    case "parts":
      return sameParts(shape.types, shape.of === "header");
    case "list":
      return sameList(shape.element);
  }
}

/**
 * What can be assigned to (specification 1.2.5, section 6.6). A place is either set at once, or first found, so that what its indexes
 * depend on is evaluated before the value, as for arguments that are copied out after a call.
 */
import type { Expr, StackExpr } from "../ir/expression.ts";
import { replaced } from "./arithmetic.ts";
import { scalar } from "./expressions.ts";
import type { Compiler, Place, Reference, Run, Store } from "./machine.ts";
import { reject } from "./signals.ts";
import { type Composite, copy, indexOf, partAt, parts, type Value } from "./value.ts";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { kind: Kind }>;

/** Sets a part; a header that gets valid in a union makes the others invalid (section 8.20). */
function setPart(of: Expr, index: number): (whole: Composite, value: Value) => void {
  if (of.type.kind !== "header_union") {
    return (whole, value) => {
      whole.parts[index] = value;
    };
  }
  return (whole, value) => {
    whole.parts[index] = value;
    becameValid(whole, index);
  };
}

/** After a header of a union was changed: when it is valid, all others are not. */
function becameValid(union: Composite, index: number): void {
  if (!parts(union.parts[index]).isValid) return;
  for (const [place, other] of union.parts.entries()) {
    if (place !== index) parts(other).isValid = false;
  }
}

/** What is to be done after a header was made valid where it stands; undefined when nothing is. */
export function validity(expression: Expr, compiler: Compiler): (() => void) | undefined {
  if (expression.kind !== "field" || expression.of.type.kind !== "header_union") return undefined;
  const { of, index } = expression;
  const run = compiler.expression(of);
  return () => becameValid(parts(run()), index);
}

/** A value with parts where it stands. */
export const reference =
  (run: Run): Reference =>
  () =>
    parts(run());

function stackPlace({ kind, of }: StackExpr, compiler: Compiler): () => Place {
  const find = compiler.place(of);
  return () => {
    const place = find();
    const stack = parts(place.get());
    const index = kind === "next" ? stack.next : stack.next - 1;
    if (index < 0 || index >= stack.parts.length) reject(compiler.machine, "StackOutOfBounds");
    return partPlace(place, index);
  };
}

/** A part of what stands at a place when it is read or set: an assignment before may have put something else there. */
const partPlace = (of: Place, index: number): Place => ({
  get: () => partAt(parts(of.get()), index),
  set: (value) => {
    parts(of.get()).parts[index] = value;
  },
});

function elementPlace({ of, index, type }: Of<"element">, compiler: Compiler): () => Place {
  const [find, at] = [compiler.place(of), compiler.expression(index)];
  const outside = compiler.constant({ kind: "invalid", type, span: of.span });
  return () => {
    const place = find();
    const found = indexOf(at());
    if (found < parts(place.get()).parts.length) return partPlace(place, found);
    // Beyond the stack: reads are undefined, writes have no effect (section 8.18).
    return { get: () => copy(outside), set: () => undefined };
  };
}

/** The lowest bit and the width of a part of a number. */
function partOf(
  expression: Of<"slice" | "part select">,
  compiler: Compiler,
): { readonly low: () => number; readonly width: number } {
  if (expression.kind === "slice") {
    const { high, low } = expression;
    return { low: () => low, width: high - low + 1 };
  }
  const run = compiler.expression(expression.low);
  return { low: () => indexOf(run()), width: expression.width };
}

function bitsPlace(expression: Of<"slice" | "part select">, compiler: Compiler): () => Place {
  const { of } = expression;
  const find = compiler.place(of);
  const whole = scalar(of.type);
  const read = compiler.expression(expression);
  const { low, width } = partOf(expression, compiler);
  return () => {
    const place = find();
    const from = low();
    const high = from + width - 1;
    if (high >= whole.width) return { get: read, set: () => undefined };
    const replace = replaced(whole, high, from);
    return { get: read, set: (value) => place.set(replace(place.get(), value)) };
  };
}

function fieldPlace({ of, index }: Of<"field">, compiler: Compiler): () => Place {
  const find = compiler.place(of);
  const set = setPart(of, index);
  return () => {
    const place = find();
    return {
      get: () => partAt(parts(place.get()), index),
      set: (value) => set(parts(place.get()), value),
    };
  };
}

/** The function that finds a place. */
export function compilePlace(expression: Expr, compiler: Compiler): () => Place {
  const { kind } = expression;
  if (kind === "field") return fieldPlace(expression, compiler);
  if (kind === "element") return elementPlace(expression, compiler);
  if (kind === "next" || kind === "last") return stackPlace(expression, compiler);
  if (kind === "slice" || kind === "part select") return bitsPlace(expression, compiler);
  const place = { get: compiler.expression(expression), set: compiler.store(expression) };
  return () => place;
}

/** Whether a place depends on nothing that could change between two looks at it. */
export function isFixed(expression: Expr): boolean {
  const { kind } = expression;
  if (kind === "element") return expression.index.kind === "integer" && isFixed(expression.of);
  if (kind === "field" || kind === "slice") return isFixed(expression.of);
  return kind === "variable";
}

function sliceStore({ of, high, low }: Of<"slice">, compiler: Compiler): Store {
  const [get, set] = [compiler.expression(of), compiler.store(of)];
  const replace = replaced(scalar(of.type), high, low);
  return (value) => set(replace(get(), value));
}

/** The function that sets a place; places that depend on something are found each time. */
export function compileStore(expression: Expr, compiler: Compiler): Store {
  const { kind } = expression;
  if (kind === "variable") {
    const cell = compiler.cell(expression.variable);
    return (value) => {
      cell.value = value;
    };
  }
  if (kind === "field") {
    const find = compiler.expression(expression.of);
    const set = setPart(expression.of, expression.index);
    return (value) => set(parts(find()), value);
  }
  if (kind === "slice") return sliceStore(expression, compiler);
  const find = compiler.place(expression);
  return (value) => find().set(value);
}

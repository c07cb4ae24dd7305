/**
 * Expressions of the typed program as functions (specification 1.2.5, section 8). Operands are evaluated from left to right, `&&`,
 * `||` and `?:` only as far as needed.
 */
import { exhaustive, invariant } from "@seam/base";
import type { BinaryExpr, Expr, SliceExpr, StackExpr } from "../ir/expression.ts";
import type { Type } from "../types/type.ts";
import { arithmetic, type Binary, concatenation, converted, sliced, unary } from "./arithmetic.ts";
import { sameOf } from "./equality.ts";
import type { Compiler, Run } from "./machine.ts";
import { reject } from "./signals.ts";
import {
  composite,
  copy,
  indexOf,
  initial,
  numberOf,
  partAt,
  parts,
  plainType,
  type Scalar,
  scalarOf,
  type Value,
} from "./value.ts";

type Of<Kind extends Expr["kind"]> = Extract<Expr, { kind: Kind }>;

const constant =
  (value: Value): Run =>
  () =>
    value;

/** The number's type; whatever is no number would be a mistake of the type checker. */
export function scalar(type: Type): Scalar {
  const found = scalarOf(type);
  invariant(found !== undefined, `${type.kind} is no number`);
  return found;
}

const compares: { readonly [operator: string]: Binary } = {
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

function binaryFunction({ operator, left, right, type }: BinaryExpr): Binary {
  const compare = compares[operator];
  if (compare !== undefined) return compare;
  const same = sameOf(left.type);
  if (operator === "==") return same;
  if (operator === "!=") return (one, two) => !same(one, two);
  if (operator === "++") return concatenation(scalar(left.type), scalar(right.type), scalar(type));
  return arithmetic(operator, scalar(type));
}

function binary(expression: BinaryExpr, compiler: Compiler): Run {
  const { operator } = expression;
  if (operator === "&&" || operator === "||") {
    const [left, right] = [
      compiler.condition(expression.left),
      compiler.condition(expression.right),
    ];
    return operator === "&&" ? () => left() && right() : () => left() || right();
  }
  const left = compiler.expression(expression.left);
  const right = compiler.expression(expression.right);
  const compute = binaryFunction(expression);
  return () => {
    const value = left();
    return compute(value, right());
  };
}

/** A cast between types without parts; those with parts are built alike and stay as they are, with headers valid. */
function cast({ operand, type }: Of<"cast">, compiler: Compiler): Run {
  const run = compiler.expression(operand);
  const [from, to] = [scalarOf(operand.type), scalarOf(type)];
  if (from !== undefined && to !== undefined) {
    const convert = converted(from, to);
    return () => convert(run());
  }
  if (to !== undefined && plainType(operand.type).kind === "bool") {
    return () => numberOf(run() === true ? 1n : 0n, to);
  }
  if (from !== undefined && plainType(type).kind === "bool") return () => Number(run()) === 1;
  if (plainType(type).kind === "header" && operand.type.kind !== "header") {
    return () => composite(parts(copy(run())).parts, true);
  }
  return run;
}

function unaryOf({ operator, operand, type }: Of<"unary">, compiler: Compiler): Run {
  const run = compiler.expression(operand);
  if (operator === "!") return () => run() !== true;
  const compute = unary(operator, scalar(type));
  return () => compute(run());
}

function aggregate({ elements, type }: Of<"aggregate">, compiler: Compiler): Run {
  const runs = elements.map((each) => kept(each, compiler));
  const isHeader = plainType(type).kind === "header";
  return () =>
    composite(
      runs.map((run) => run()),
      isHeader,
    );
}

/** Whether an expression's value belongs to nobody yet, so that it need not be copied. */
const isFresh = ({ kind, type }: Expr): boolean =>
  !references.has(kind) || scalarOf(type) !== undefined;

const references: ReadonlySet<Expr["kind"]> = new Set<Expr["kind"]>([
  "variable",
  "field",
  "element",
  "next",
  "last",
  "conditional",
  "cast",
]);

/** The value of an expression to be kept, which nobody else changes. */
export function kept(expression: Expr, compiler: Compiler): Run {
  const run = compiler.expression(expression);
  return isFresh(expression) ? run : () => copy(run());
}

/** The slice of a number, of a signed one as of one without a sign. */
function slice({ of, high, low }: SliceExpr, compiler: Compiler): Run {
  const run = compiler.expression(of);
  const compute = sliced(scalar(of.type), high, low);
  return () => compute(run());
}

function partSelect({ of, low, width }: Of<"part select">, compiler: Compiler): Run {
  const [run, from] = [compiler.expression(of), compiler.expression(low)];
  const whole = scalar(of.type);
  const bits = { ...whole, isSigned: false };
  const [plain, shift] = [converted(whole, bits), arithmetic(">>", bits)];
  const cut = converted(whole, { width, isSigned: false });
  return () => {
    const value = run();
    const start = Math.min(indexOf(from()), whole.width);
    return cut(shift(plain(value), start));
  };
}

/** An element by an index that is known only now; beyond the stack it is one that nobody keeps. */
function element({ of, index, type }: Of<"element">, compiler: Compiler): Run {
  const [whole, at] = [compiler.expression(of), compiler.expression(index)];
  return () => {
    const found = parts(whole()).parts[indexOf(at())];
    return found ?? initial(type);
  };
}

/** `next` and `last` (section 8.18): beyond the stack they are the parser's error StackOutOfBounds. */
function stackElement({ kind, of }: StackExpr, compiler: Compiler): Run {
  const run = compiler.expression(of);
  const { machine } = compiler;
  return () => {
    const stack = parts(run());
    const found = stack.parts[kind === "next" ? stack.next : stack.next - 1];
    return found ?? reject(machine, "StackOutOfBounds");
  };
}

function variable({ variable: declared }: Of<"variable">, compiler: Compiler): Run {
  const known = compiler.block?.values.get(declared.id);
  if (known !== undefined) return compiler.expression(known);
  const cell = compiler.cell(declared);
  return () => cell.value;
}

function field({ of, index }: Of<"field">, compiler: Compiler): Run {
  if (of.kind === "field" && of.of.kind === "variable") {
    // As `hdr.ipv4.ttl`, which is most of what programs read.
    const [outer, whole] = [of.index, compiler.expression(of.of)];
    return () => partAt(parts(parts(whole()).parts[outer]), index);
  }
  const run = compiler.expression(of);
  return () => partAt(parts(run()), index);
}

function conditional({ condition, yes, no }: Of<"conditional">, compiler: Compiler): Run {
  const test = compiler.condition(condition);
  const [first, second] = [compiler.expression(yes), compiler.expression(no)];
  return () => (test() ? first() : second());
}

function outcome({ kind, apply }: Of<"hit" | "miss">, compiler: Compiler): Run {
  const { callee } = apply;
  invariant(callee.kind === "table", "hit is of tables");
  const table = compiler.table(callee.table);
  const run = compiler.call(apply);
  const wanted = kind === "hit";
  return () => {
    run();
    return table.isHit === wanted;
  };
}

type LiteralKind = "integer" | "bool" | "string" | "enum" | "error" | "match_kind" | "invalid";
type Literal = Extract<Expr, { kind: LiteralKind }> | Extract<Expr, { member: string }>;

function literal(expression: Literal): Run {
  switch (expression.kind) {
    case "integer":
      return constant(numberOf(expression.value, scalar(expression.type)));
    case "bool":
    case "string":
      return constant(expression.value);
    case "enum":
    case "error":
    case "match_kind":
      return constant(expression.member);
    case "invalid":
      return () => initial(expression.type);
  }
}

type Computed = Exclude<Expr, Literal>;

function computed(expression: Computed, compiler: Compiler): Run {
  switch (expression.kind) {
    case "aggregate":
      return aggregate(expression, compiler);
    case "variable":
      return variable(expression, compiler);
    case "field":
      return field(expression, compiler);
    case "element":
      return element(expression, compiler);
    case "next":
    case "last":
      return stackElement(expression, compiler);
    case "lastIndex": {
      const run = compiler.expression(expression.of);
      return () => (parts(run()).next - 1) >>> 0;
    }
    case "slice":
      return slice(expression, compiler);
    case "part select":
      return partSelect(expression, compiler);
    case "unary":
      return unaryOf(expression, compiler);
    case "binary":
      return binary(expression, compiler);
    case "conditional":
      return conditional(expression, compiler);
    case "cast":
      return cast(expression, compiler);
    case "hit":
    case "miss":
      return outcome(expression, compiler);
    case "call":
      return compiler.call(expression);
    case "instance":
    case "this":
    case "new":
    case "table":
      return constant("");
    default:
      return exhaustive(expression);
  }
}

const literals: ReadonlySet<Expr["kind"]> = new Set<LiteralKind>([
  "integer",
  "bool",
  "string",
  "enum",
  "error",
  "match_kind",
  "invalid",
]);

const isLiteral = (expression: Expr): expression is Literal => literals.has(expression.kind);

/** The function of an expression. */
export const compileExpression = (expression: Expr, compiler: Compiler): Run =>
  isLiteral(expression) ? literal(expression) : computed(expression, compiler);

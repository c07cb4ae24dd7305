/** Types and expressions as text, with parentheses only where precedence needs them. */
import type {
  Argument,
  BinaryOperator,
  Expression,
  Keyset,
  NamedValue,
  TypeRef,
} from "../syntax/ast.ts";

/** How tightly each operator binds, as in the grammar: higher is tighter. */
const LEVELS: { readonly [Operator in BinaryOperator]: number } = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  ">": 4,
  "<=": 4,
  ">=": 4,
  "|": 5,
  "^": 6,
  "&": 7,
  "<<": 8,
  ">>": 8,
  "++": 9,
  "+": 9,
  "-": 9,
  "|+|": 9,
  "|-|": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

const UNARY = 11;
const POSTFIX = 12;

/** Comparisons in each other keep their parentheses, as `a < b > (c)` could be a call with type arguments. */
const COMPARISON = LEVELS["<"];

/** An expression; parentheses are put around it when it binds less tightly than `least`. */
export function printExpression(expression: Expression, least = 0): string {
  switch (expression.kind) {
    case "conditional": {
      const { condition, yes, no } = expression;
      const parts = `${printExpression(condition, 1)} ? ${printExpression(yes)}`;
      return wrapped(`${parts} : ${printExpression(no, 1)}`, least > 0);
    }
    case "binary": {
      const { operator, left, right } = expression;
      const level = LEVELS[operator];
      const first = printExpression(left, level === COMPARISON ? level + 1 : level);
      return wrapped(`${first} ${operator} ${printExpression(right, level + 1)}`, least > level);
    }
    case "unary": {
      const operand = printExpression(expression.operand, UNARY);
      const gap = operand.startsWith(expression.operator) ? " " : "";
      return wrapped(`${expression.operator}${gap}${operand}`, least > UNARY);
    }
    case "cast": {
      const operand = printExpression(expression.operand, UNARY);
      return wrapped(`(${printType(expression.type)}) ${operand}`, least > UNARY);
    }
    case "call":
    case "member":
    case "index":
    case "slice":
    case "part select":
      return printPostfix(expression);
    case "integer":
    case "string":
    case "boolean":
    case "rest":
    case "this":
    case "invalid header":
    case "name":
    case "type":
    case "list":
    case "struct value":
      return printPrimary(expression);
  }
}

const wrapped = (text: string, isNeeded: boolean): string => (isNeeded ? `(${text})` : text);

type PostfixKind = "call" | "member" | "index" | "slice" | "part select";
type Postfix = Extract<Expression, { kind: PostfixKind }>;
type Primary = Exclude<
  Expression,
  { kind: PostfixKind | "conditional" | "binary" | "unary" | "cast" }
>;

function printPostfix(expression: Postfix): string {
  switch (expression.kind) {
    case "call": {
      const { callee, typeArguments, arguments: list } = expression;
      const types =
        typeArguments.length === 0 ? "" : `<${typeArguments.map(printType).join(", ")}>`;
      return `${printExpression(callee, POSTFIX)}${types}${printArguments(list)}`;
    }
    case "member":
      return `${printExpression(expression.of, POSTFIX)}.${expression.member.text}`;
    case "index":
      return `${printExpression(expression.of, POSTFIX)}[${printExpression(expression.index)}]`;
    case "slice": {
      const { of, high, low } = expression;
      return `${printExpression(of, POSTFIX)}[${printExpression(high)}:${printExpression(low)}]`;
    }
    case "part select": {
      const { of, low, width } = expression;
      return `${printExpression(of, POSTFIX)}[${printExpression(low)}+:${printExpression(width)}]`;
    }
  }
}

function printPrimary(expression: Primary): string {
  switch (expression.kind) {
    case "integer":
      return expression.text;
    case "string":
      return `"${expression.text}"`;
    case "boolean":
      return String(expression.value);
    case "rest":
      return "...";
    case "this":
      return "this";
    case "invalid header":
      return "{#}";
    case "name":
      return `${expression.isGlobal ? "." : ""}${expression.name.text}`;
    case "type":
      return printType(expression.type);
    case "list":
      return `{${expression.elements.map((each) => printExpression(each)).join(", ")}}`;
    case "struct value": {
      const fields = expression.fields.map(printNamed);
      return `{${[...fields, ...(expression.hasRest ? ["..."] : [])].join(", ")}}`;
    }
  }
}

/** `name = value`. */
export const printNamed = ({ name, value }: NamedValue): string =>
  `${name.text} = ${printExpression(value)}`;

/** Arguments in parentheses. */
export const printArguments = (list: readonly Argument[]): string =>
  `(${list.map(printArgument).join(", ")})`;

function printArgument({ name, value }: Argument): string {
  const text = value === undefined ? "_" : printExpression(value);
  return name === undefined ? text : `${name.text} = ${text}`;
}

/** A type. */
export function printType(type: TypeRef): string {
  switch (type.kind) {
    case "base type":
      return type.name;
    case "sized type": {
      const { base, width } = type;
      const text = printExpression(width);
      return `${base}<${width.kind === "integer" ? text : `(${text})`}>`;
    }
    case "named type":
      return `${type.isGlobal ? "." : ""}${type.name.text}`;
    case "specialized type":
      return `${printType(type.base)}<${type.arguments.map(printType).join(", ")}>`;
    case "stack type":
      return `${printType(type.element)}[${printExpression(type.size)}]`;
    case "tuple type":
      return `tuple<${type.arguments.map(printType).join(", ")}>`;
    case "list type":
      return `list<${printType(type.element)}>`;
    case "any type":
      return "_";
  }
}

/** What keys are matched against. */
export function printKeyset(keyset: Keyset): string {
  if (keyset.kind === "default") return "default";
  if (keyset.kind === "any") return "_";
  if (keyset.kind === "mask")
    return `${printExpression(keyset.value)} &&& ${printExpression(keyset.mask)}`;
  if (keyset.kind === "range")
    return `${printExpression(keyset.first)} .. ${printExpression(keyset.last)}`;
  if (keyset.kind === "keyset tuple")
    return `(${keyset.elements.map((each) => printKeyset(each)).join(", ")})`;
  return printExpression(keyset);
}

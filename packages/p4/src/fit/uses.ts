/** Constructs that a program uses, each with where it first does. */
import { pathIn, type Tree } from "../eval/instances.ts";
import type { ParserDeclaration, Table } from "../ir/declaration.ts";
import type { CallExpr, Expr } from "../ir/expression.ts";
import type { Statement } from "../ir/statement.ts";
import type { Code } from "../resources/code.ts";
import { walkOf } from "../resources/states.ts";
import type { Span } from "../source/file.ts";
import type { Type } from "../types/type.ts";
import type { Construct } from "./profile.ts";

/** A use of a construct; `found` tells people what it is. */
export type Use = { readonly construct: Construct; readonly found: string; readonly span: Span };

/** What the source says at a place, cut when it is long. */
export function sourceAt({ file, start, end }: Span): string {
  const text = file.text.slice(start, end).replaceAll(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The uses of a program; the same thing is told once. */
export function usesOf(codes: readonly Code[], tree: Tree): readonly Use[] {
  const uses = [
    ...codes.flatMap(usesIn),
    ...tree.tables.flatMap(({ table, block }) => tableUses(table, pathIn(block, table))),
    ...tree.externs.flatMap(({ instance, path }) => {
      const construct = "name" in instance.type ? OBJECTS.get(instance.type.name) : undefined;
      return construct === undefined ? [] : [{ construct, found: path, span: instance.span }];
    }),
  ];
  const first = new Map<string, Use>();
  for (const use of uses) {
    const key = `${use.construct} ${use.found}`;
    if (!first.has(key)) first.set(key, use);
  }
  return [...first.values()];
}

const usesIn = ({ owner, statements, expressions }: Code): readonly Use[] => [
  ...expressions.flatMap((expr) => [...typeUses(expr), ...operatorUses(expr)]),
  ...expressions.flatMap((expr) => (expr.kind === "call" ? callUses(expr, owner.kind) : [])),
  ...statements.flatMap(statementUses),
  ...(owner.kind === "parser" ? parserUses(owner) : []),
];

const use = (construct: Construct, { span }: { readonly span: Span }): readonly Use[] => [
  { construct, found: sourceAt(span), span },
];

const hasVarbit = (type: Type): boolean =>
  type.kind === "header" && type.fields.some((field) => field.type.kind === "varbit");

/** Types that not every target has. */
function typeUses({ type, span }: Expr): readonly Use[] {
  if (type.kind === "header")
    return hasVarbit(type) ? [{ construct: "varbit", found: type.name, span }] : [];
  if (type.kind === "header_union") return [{ construct: "headerUnions", found: type.name, span }];
  if (type.kind === "int")
    return [{ construct: "signedIntegers", found: `int<${type.width}>`, span }];
  if (type.kind !== "stack" || !("name" in type.element)) return [];
  return [{ construct: "headerStacks", found: `${type.element.name}[${type.size}]`, span }];
}

const isPowerOfTwo = (expr: Expr): boolean =>
  expr.kind === "integer" && expr.value > 0n && (expr.value & (expr.value - 1n)) === 0n;

const isKnown = ({ kind }: Expr): boolean => kind === "integer";

type Costly = {
  readonly construct: Construct;
  /** Whether constant shifts do as well. */
  readonly isPlain: (left: Expr, right: Expr) => boolean;
};

const division: Costly = { construct: "division", isPlain: () => false };

const shift: Costly = { construct: "variableShifts", isPlain: (_, right) => isKnown(right) };

/** Operators that not every target has. */
const OPERATORS: ReadonlyMap<string, Costly> = new Map<string, Costly>([
  [
    "*",
    {
      construct: "multiplication",
      isPlain: (left, right) => isPowerOfTwo(left) || isPowerOfTwo(right),
    },
  ],
  ["/", division],
  ["%", division],
  ["<<", shift],
  [">>", shift],
]);

function operatorUses(expr: Expr): readonly Use[] {
  if (expr.kind === "conditional") return use("conditionalOperator", expr);
  if (expr.kind !== "binary") return [];
  const known = OPERATORS.get(expr.operator);
  return known === undefined || known.isPlain(expr.left, expr.right)
    ? []
    : use(known.construct, expr);
}

/** Functions of the architectures, by what they do. */
const FUNCTIONS: ReadonlyMap<string, Construct> = new Map<string, Construct>([
  ["recirculate", "recirculation"],
  ["recirculate_preserving_field_list", "recirculation"],
  ["resubmit", "resubmission"],
  ["resubmit_preserving_field_list", "resubmission"],
  ["clone", "cloning"],
  ["clone3", "cloning"],
  ["clone_preserving_field_list", "cloning"],
  ["mirror_packet", "cloning"],
  ["digest", "digests"],
]);

/** Extern objects, by what they do. */
const OBJECTS: ReadonlyMap<string, Construct> = new Map<string, Construct>([
  ["Digest", "digests"],
  ["Mirror", "cloning"],
  ["Resubmit", "resubmission"],
]);

function callUses(expr: CallExpr, owner: Code["owner"]["kind"]): readonly Use[] {
  const { callee } = expr;
  if (callee.kind === "stack") return use("pushAndPop", expr);
  if (callee.kind === "apply") return owner === "parser" ? use("subParsers", expr) : [];
  if (callee.kind !== "extern function") return [];
  const construct = FUNCTIONS.get(callee.function.name);
  return construct === undefined ? [] : use(construct, expr);
}

/** Fields of the architectures' metadata, by what setting them does (PSA 1.2, section 6.4; p4c's uBPF model). */
const METADATA: ReadonlyMap<string, Construct> = new Map<string, Construct>([
  ["psa_ingress_output_metadata_t.clone", "cloning"],
  ["psa_egress_output_metadata_t.clone", "cloning"],
  ["psa_ingress_output_metadata_t.resubmit", "resubmission"],
  ["standard_metadata.clone", "cloning"],
]);

function statementUses(statement: Statement): readonly Use[] {
  if (statement.kind === "for" || statement.kind === "for in") return use("loops", statement);
  if (statement.kind !== "assignment") return [];
  const { target, value } = statement;
  if (target.kind !== "field" || !("name" in target.of.type)) return [];
  const isUnset = value.kind === "bool" && !value.value;
  const construct = METADATA.get(`${target.of.type.name}.${target.field}`);
  return construct === undefined || isUnset ? [] : use(construct, statement);
}

function parserUses(parser: ParserDeclaration): readonly Use[] {
  const loops = walkOf(parser).loops.map(({ from, to, span }): Use => ({
    construct: "parserLoops",
    found: `${from.name} leads back to ${to}`,
    span,
  }));
  const cases = parser.states.flatMap(({ transition }) =>
    transition.kind === "select" ? transition.cases : [],
  );
  const sets = cases.flatMap(({ keys, span }): readonly Use[] => {
    const lists = "kind" in keys ? [keys] : keys.flatMap((key) => ("set" in key ? [key.set] : []));
    return lists.map(({ name }) => ({ construct: "valueSets", found: name, span }));
  });
  return [...loops, ...sets];
}

/** Properties of tables, by what they ask for. */
const IDLE: ReadonlySet<string> = new Set([
  "support_timeout",
  "psa_idle_timeout",
  "pna_idle_timeout",
]);

function tableUses({ properties }: Table, path: string): readonly Use[] {
  return properties.flatMap(({ name, value, span }): readonly Use[] => {
    const isUnset =
      (value.kind === "bool" && !value.value) ||
      (value.kind === "enum" && value.member === "NO_TIMEOUT");
    if (isUnset) return [];
    if (IDLE.has(name)) return [{ construct: "idleTimeout", found: `${name} of ${path}`, span }];
    return name === "add_on_miss" ? [{ construct: "addOnMiss", found: path, span }] : [];
  });
}

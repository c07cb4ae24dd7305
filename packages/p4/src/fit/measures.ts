/** Numbers of a program that targets limit, each with its place. */
import type { BlockNode, Tree } from "../eval/instances.ts";
import type { Expr } from "../ir/expression.ts";
import type { Code } from "../resources/code.ts";
import type { Memory, Resources } from "../resources/needs.ts";
import { widthOf } from "../resources/widths.ts";
import type { Span } from "../source/file.ts";
import type { StructType, Type } from "../types/type.ts";
import type { Limit } from "./profile.ts";
import { sourceAt } from "./uses.ts";

/** One number: what it is of, and where that is. */
export type Measure = {
  readonly limit: Limit;
  readonly name: string;
  readonly found: number;
  readonly span: Span;
};

/** All that is measured of a program. */
export const measuresOf = (
  tree: Tree,
  codes: readonly Code[],
  resources: Resources,
): readonly Measure[] => [
  ...tableMeasures(tree, resources),
  ...blockMeasures(tree, resources),
  ...fieldMeasures(tree),
  ...codes.flatMap(({ expressions }) => expressions.flatMap(arithmeticMeasures)),
  ...codes.flatMap(({ expressions }) => expressions.flatMap(digestMeasures)),
];

type FoundBy = Exclude<Memory, "none">;

const KEY_LIMITS: { readonly [M in FoundBy]: readonly [Limit, Limit] } = {
  exact: ["exactKeyBits", "exactEntries"],
  lpm: ["lpmKeyBits", "lpmEntries"],
  ternary: ["ternaryKeyBits", "ternaryEntries"],
};

function tableMeasures({ main, tables }: Tree, resources: Resources): readonly Measure[] {
  const each = resources.tables.flatMap(({ name, memory, keyBits, size }, index) => {
    const span = tables[index]?.table.span;
    if (memory === "none" || span === undefined) return [];
    const [bits, entries] = KEY_LIMITS[memory];
    return [
      { limit: bits, name, found: keyBits, span },
      { limit: entries, name, found: size, span },
    ];
  });
  if (main === undefined) return each;
  const { span } = main.instance;
  return [...each, { limit: "tables", name: "", found: resources.tables.length, span }];
}

function blockMeasures({ blocks }: Tree, { parsers, controls }: Resources): readonly Measure[] {
  const spanOf = (name: string): readonly Span[] =>
    blocks.filter(({ path }) => path === name).map((node) => node.declaration.span);
  return [
    ...parsers.flatMap(({ name, states, headerBytes }) =>
      spanOf(name).flatMap((span): readonly Measure[] => [
        { limit: "parserStates", name, found: states, span },
        { limit: "headerBytes", name, found: headerBytes, span },
      ]),
    ),
    ...controls.flatMap(({ name, dependentTables: found }) =>
      spanOf(name).map((span): Measure => ({ limit: "dependentTables", name, found, span })),
    ),
  ];
}

/** Headers and structs that parsers fill, with those in them. */
function structsIn(type: Type): readonly StructType[] {
  if (type.kind === "stack") return structsIn(type.element);
  if (type.kind !== "struct" && type.kind !== "header" && type.kind !== "header_union") return [];
  return [type, ...type.fields.flatMap((field) => structsIn(field.type))];
}

const isScalar = (type: Type): boolean => type.kind === "bit" || type.kind === "int";

function fieldMeasures({ blocks }: Tree): readonly Measure[] {
  const filled = blocks
    .filter(({ kind }) => kind === "parser")
    .flatMap((node: BlockNode) =>
      node.declaration.parameters
        .filter(({ direction }) => direction !== "in")
        .flatMap(({ type, span }) => structsIn(type).map((struct) => ({ struct, span }))),
    );
  const once = [...new Map(filled.map((each) => [each.struct.name, each])).values()];
  return once.flatMap(({ struct, span }) =>
    struct.fields
      .filter(({ type }) => isScalar(type))
      .map(({ name, type }) => ({
        limit: "fieldBits",
        name: `${struct.name}.${name}`,
        found: widthOf(type),
        span,
      })),
  );
}

const ARITHMETIC: ReadonlySet<string> = new Set("+ - * / % |+| |-| << >> < <= > >=".split(" "));

function arithmeticMeasures(expr: Expr): readonly Measure[] {
  if (expr.kind !== "binary" || !ARITHMETIC.has(expr.operator)) return [];
  const { span, left } = expr;
  return [{ limit: "arithmeticBits", name: sourceAt(span), found: widthOf(left.type), span }];
}

function digestMeasures(expr: Expr): readonly Measure[] {
  if (expr.kind !== "call") return [];
  const { callee, span, arguments: given, typeArguments } = expr;
  const isPacked = callee.kind === "method" && callee.method.name === "pack";
  const isDigest = callee.kind === "extern function" && callee.function.name === "digest";
  const type = isPacked ? given[0]?.value?.type : typeArguments[0];
  if ((!isPacked && !isDigest) || type === undefined) return [];
  return [{ limit: "digestBytes", name: "", found: Math.ceil(widthOf(type) / 8), span }];
}

/** Which parts of which variables are followed, and by which bits. */
import type { Parameter, Variable } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import { known } from "../types/relate.ts";
import type { Type } from "../types/type.ts";
import { OWN_BITS } from "./facts.ts";

/**
 * A variable or part of one: a value with a bit that says whether it is set; a header with one that says whether it is valid, which of
 * a stack or union is shared by all its headers; a struct of such parts by its fields.
 */
export type Layout =
  | { readonly kind: "value"; readonly bits: bigint }
  | { readonly kind: "header"; readonly bits: bigint }
  | {
      readonly kind: "struct";
      readonly bits: bigint;
      readonly fields: readonly (Layout | undefined)[];
    };

/** So many bits are followed in one parser, control or function; what is beyond is taken as right. */
const MOST_BITS = 1024;

/** So many parts of types are looked at for them. */
const MOST_PARTS = 20_000;

/** The variables of a block by their ids. */
export type Layouts = {
  readonly byId: Map<number, Layout>;
  next: number;
  parts: number;
  /** The bits of headers. */
  headers: bigint;
};

/** No variables yet. */
export const noLayouts = (): Layouts => ({
  byId: new Map(),
  next: OWN_BITS,
  parts: 0,
  headers: 0n,
});

/** All bits that are in use. */
export const allBits = ({ next }: Layouts): bigint => (1n << BigInt(next)) - 1n;

/** Which parts of a variable are followed: of what is given from outside only headers, as its values are set. */
type Followed = "all" | "headers";

function bit(layouts: Layouts): bigint {
  layouts.next += 1;
  return 1n << BigInt(layouts.next - 1);
}

const isOfHeaders = (given: Type): boolean => {
  const type = known(given);
  return type.kind === "stack" && ["header", "header_union"].includes(known(type.element).kind);
};

function layoutOf(layouts: Layouts, given: Type, followed: Followed): Layout | undefined {
  layouts.parts += 1;
  if (layouts.next >= MOST_BITS || layouts.parts > MOST_PARTS) return undefined;
  const type = known(given);
  if (type.kind === "struct") {
    const fields = type.fields.map((each) => layoutOf(layouts, each.type, followed));
    const bits = fields.reduce((sum, each) => sum | (each?.bits ?? 0n), 0n);
    return { kind: "struct", bits, fields };
  }
  const isHeader = type.kind === "header" || type.kind === "header_union" || isOfHeaders(type);
  if (!isHeader && (followed === "headers" || NEVER_SET.has(type.kind))) return undefined;
  return { kind: isHeader ? "header" : "value", bits: bit(layouts) };
}

const NEVER_SET: ReadonlySet<string> = new Set(["extern", "parser", "control", "package", "table"]);

/** Follows a variable or parameter. */
export function follow(layouts: Layouts, declared: Variable | Parameter): void {
  const isOutside = declared.kind === "parameter" && declared.direction !== "out";
  const layout = layoutOf(layouts, declared.type, isOutside ? "headers" : "all");
  if (layout === undefined) return;
  layouts.byId.set(declared.id, layout);
  layouts.headers |= headerBits(layout);
}

/** A part of a variable; `isPart` when it is within what its layout stands for: a field of a header, an element, a slice. */
export type Located = { readonly layout: Layout; readonly isPart: boolean };

/** The part of a variable that an expression names; undefined when it is not followed. */
export function located(layouts: Layouts, expr: Expr): Located | undefined {
  if (expr.kind === "variable") {
    const layout = layouts.byId.get(expr.variable.id);
    return layout === undefined ? undefined : { layout, isPart: false };
  }
  const of = "of" in expr ? located(layouts, expr.of) : undefined;
  if (of === undefined) return undefined;
  if (expr.kind !== "field" || of.layout.kind !== "struct") return { ...of, isPart: true };
  const layout = of.layout.fields[expr.index];
  return layout === undefined ? undefined : { layout, isPart: false };
}

/** The bits of a layout that are those of headers. */
export function headerBits(layout: Layout): bigint {
  if (layout.kind !== "struct") return layout.kind === "header" ? layout.bits : 0n;
  return layout.fields.reduce(
    (sum, each) => sum | (each === undefined ? 0n : headerBits(each)),
    0n,
  );
}

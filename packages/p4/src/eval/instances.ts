/** What runs: the tree of instances from `main` (sections 17 and 18.3). */
import type {
  ControlDeclaration,
  Instance,
  ParserDeclaration,
  Table,
  Action,
  ValueSet,
} from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";

/** An argument of a constructor: a value, an instance, or undefined for an optional one that was not given. */
export type Bound = { readonly kind: "value"; readonly value: Expr } | InstanceNode | undefined;

type Node<Kind extends string> = {
  readonly kind: Kind;
  /** Unique in the tree, from 0. */
  readonly id: number;
  /** The control plane's, with its path: `ingress.t`, without a dot in front. */
  readonly path: string;
  readonly instance: Instance;
  /** By the name of the constructor's parameter. */
  readonly arguments: ReadonlyMap<string, Bound>;
};

/** An extern object. `owner` is the block in which its abstract methods run. */
export type ExternNode = Node<"extern"> & {
  readonly owner?: BlockNode;
  readonly instances: ReadonlyMap<number, InstanceNode>;
};

/** A parser or control. */
export type BlockNode = Node<"parser" | "control"> & {
  readonly declaration: ParserDeclaration | ControlDeclaration;
  /** By the id of the instance: of locals, of `new` expressions in it, of constructor parameters, and of the top level. */
  readonly instances: ReadonlyMap<number, InstanceNode>;
  /** Values of constructor parameters by their ids. */
  readonly values: ReadonlyMap<number, Expr>;
  /** The control plane's names of tables, actions and value sets, by ids. */
  readonly paths: ReadonlyMap<number, string>;
};

/** A package. */
export type PackageNode = Node<"package">;

/** An instance. */
export type InstanceNode = ExternNode | BlockNode | PackageNode;

/** Everything the control plane sees, with its path, in the order of the program. */
export type Tree = {
  readonly main: PackageNode | undefined;
  /** Of the top level, by the id of the instance. */
  readonly instances: ReadonlyMap<number, InstanceNode>;
  readonly blocks: readonly BlockNode[];
  readonly externs: readonly ExternNode[];
  readonly tables: readonly {
    readonly path: string;
    readonly table: Table;
    readonly block: BlockNode;
  }[];
  readonly actions: readonly { readonly path: string; readonly action: Action }[];
  readonly valueSets: readonly { readonly path: string; readonly set: ValueSet }[];
};

/** The control plane's name of a table, action or value set, seen from a block: with its path, unless it is declared at the top level. */
export const pathIn = (
  block: BlockNode | undefined,
  { id, name }: { readonly id: number; readonly name: string },
): string => block?.paths.get(id) ?? name;

/** The instance that an expression names, among those that are known where it stands. */
export function instanceNamed(
  expression: Expr,
  instances: ReadonlyMap<number, InstanceNode>,
): InstanceNode | undefined {
  if (expression.kind === "variable") return instances.get(expression.variable.id);
  if (expression.kind !== "instance" && expression.kind !== "new") return undefined;
  return instances.get(expression.instance.id);
}

/** Properties by which tables name direct counters and meters: those of v1model, PSA and PNA. */
export const DIRECT_PROPERTIES: readonly string[] = [
  "counters",
  "meters",
  "psa_direct_counter",
  "psa_direct_meter",
  "pna_direct_counter",
  "pna_direct_meter",
];

/** What a table's properties of some names say, one by one: a property may be a list. */
export const saidBy = ({ properties }: Table, names: readonly string[]): readonly Expr[] =>
  properties
    .filter(({ name }) => names.includes(name))
    .flatMap(({ value }) => (value.kind === "aggregate" ? value.elements : [value]));

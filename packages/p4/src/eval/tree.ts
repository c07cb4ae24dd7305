/** Builds the tree of instances from `main` (sections 17 and 18.3), and the control plane's names (section 20.1.2 and P4Runtime). */
import { annotationText } from "../ir/annotation.ts";
import type { Instance, Local, Program, Table } from "../ir/declaration.ts";
import type { Argument, Expr } from "../ir/expression.ts";
import { isValue } from "../ir/value.ts";
import type { Annotation } from "../ir/annotation.ts";
import { evaluated } from "./evaluate.ts";
import type { BlockNode, Bound, ExternNode, InstanceNode, PackageNode, Tree } from "./instances.ts";

/** More instances than this no program needs; a tree of this size is cut. */
export const MOST_INSTANCES = 20_000;

type Lists = {
  readonly [K in "blocks" | "externs" | "tables" | "actions" | "valueSets"]: Tree[K][number][];
};

type Builder = Lists & {
  count: number;
  readonly top: Map<number, InstanceNode>;
};

/** Where an instance is made: the names in front of its own, and what is known of the block around. */
type Around = {
  readonly path: string;
  readonly instances: Map<number, InstanceNode>;
  readonly values: ReadonlyMap<number, Expr>;
  readonly owner: BlockNode | undefined;
};

type Named = { readonly name: string; readonly annotations: readonly Annotation[] };

/** The control plane's name of something: its `@name` or its own, behind those around it unless `@name` begins with a dot. */
function pathOf({ name, annotations }: Named, around: string): string {
  const given = annotationText(annotations, "name") ?? name;
  if (given.startsWith(".")) return given.slice(1);
  return around === "" ? given : `${around}.${given}`;
}

/** The tree of a program; undefined when it has too many instances. */
export function treeOf(program: Program): Tree | undefined {
  const builder: Builder = {
    count: 0,
    top: new Map(),
    blocks: [],
    externs: [],
    tables: [],
    actions: [],
    valueSets: [],
  };
  for (const action of program.actions) builder.actions.push({ path: pathOf(action, ""), action });
  for (const set of program.valueSets) builder.valueSets.push({ path: pathOf(set, ""), set });
  const around: Around = { path: "", instances: builder.top, values: new Map(), owner: undefined };
  let main: PackageNode | undefined;
  for (const instance of program.instances) {
    const node = instantiated(builder, instance, around);
    builder.top.set(instance.id, node);
    if (instance.name === "main" && node.kind === "package") main = node;
  }
  if (builder.count > MOST_INSTANCES) return undefined;
  const { blocks, externs, tables, actions, valueSets, top } = builder;
  return { main, instances: top, blocks, externs, tables, actions, valueSets };
}

function instantiated(builder: Builder, instance: Instance, around: Around): InstanceNode {
  builder.count += 1;
  const id = builder.count - 1;
  const bound = new Map(
    instance.arguments.map((each) => [each.parameter.name, boundOf(builder, each, around)]),
  );
  const path = instancePath(instance, around);
  const head = { id, path, instance, arguments: bound };
  if (instance.block !== undefined) return blockNode(builder, head, instance.block);
  if (instance.type.kind === "package") return { kind: "package", ...head };
  const instances = new Map<number, InstanceNode>();
  const { owner } = around;
  const node: ExternNode = {
    kind: "extern",
    ...head,
    ...(owner !== undefined && { owner }),
    instances,
  };
  builder.externs.push(node);
  for (const each of instance.instances)
    instances.set(each.id, instantiated(builder, each, { ...around, path }));
  return node;
}

/** A parser or control that a package is given has its own name; an instance in a block that of the instance. */
function instancePath(instance: Instance, { path, owner }: Around): string {
  const { block } = instance;
  if (block !== undefined && owner === undefined) return pathOf(block, "");
  const isNamed = instance.name !== "";
  if (isNamed) return pathOf(instance, path);
  const { type } = instance;
  return pathOf({ name: "name" in type ? type.name : "", annotations: [] }, path);
}

function boundOf(builder: Builder, { value }: Argument, around: Around): Bound {
  if (value === undefined) return undefined;
  if (value.kind === "new") {
    const node = instantiated(builder, value.instance, around);
    around.instances.set(value.instance.id, node);
    return node;
  }
  if (value.kind === "instance")
    return around.instances.get(value.instance.id) ?? builder.top.get(value.instance.id);
  if (value.kind === "variable") {
    const node = around.instances.get(value.variable.id);
    if (node !== undefined) return node;
  }
  return { kind: "value", value: evaluated(value, around.values) };
}

type Head = Pick<BlockNode, "id" | "path" | "instance" | "arguments">;

function blockNode(builder: Builder, head: Head, declaration: BlockNode["declaration"]): BlockNode {
  const instances = new Map<number, InstanceNode>(builder.top);
  const values = new Map<number, Expr>();
  const paths = new Map<number, string>();
  const node: BlockNode = {
    kind: declaration.kind,
    ...head,
    declaration,
    instances,
    values,
    paths,
  };
  for (const parameter of declaration.constructorParameters) {
    const bound = head.arguments.get(parameter.name);
    if (bound === undefined) continue;
    if (bound.kind !== "value") instances.set(parameter.id, bound);
    else if (isValue(bound.value)) values.set(parameter.id, bound.value);
  }
  builder.blocks.push(node);
  if (builder.count > MOST_INSTANCES) return node;
  const inner: Around = { path: head.path, instances, values, owner: node };
  for (const local of declaration.locals) localNode(builder, local, { inner, paths, node });
  return node;
}

type Into = {
  readonly inner: Around;
  readonly paths: Map<number, string>;
  readonly node: BlockNode;
};

function localNode(builder: Builder, local: Local, { inner, paths, node }: Into): void {
  switch (local.kind) {
    case "instance":
      inner.instances.set(local.id, instantiated(builder, local, inner));
      return;
    case "table": {
      const path = pathOf(local, inner.path);
      paths.set(local.id, path);
      builder.tables.push({ path, table: local, block: node });
      propertyNodes(builder, local, { ...inner, path });
      return;
    }
    case "action": {
      const path = pathOf(local, inner.path);
      paths.set(local.id, path);
      builder.actions.push({ path, action: local });
      return;
    }
    case "value set": {
      const path = pathOf(local, inner.path);
      paths.set(local.id, path);
      builder.valueSets.push({ path, set: local });
      return;
    }
    case "variable":
    case "function":
  }
}

/** Instances that properties of a table make, such as `implementation = action_profile(32)`; named by the table and property. */
function propertyNodes(builder: Builder, table: Table, around: Around): void {
  for (const { name, value } of table.properties) {
    if (value.kind !== "new") continue;
    const node = instantiated(builder, { ...value.instance, name }, around);
    around.instances.set(value.instance.id, node);
  }
}

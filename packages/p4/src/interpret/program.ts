/**
 * A program that is ready to run: every instance of a parser or control becomes functions over cells of its own, or is walked through.
 * Nothing is lowered: what runs is the typed program as it was checked.
 */
import { invariant } from "@seam/base";
import {
  type BlockNode,
  type ExternNode,
  instanceNamed,
  type InstanceNode,
  type Tree,
} from "../eval/instances.ts";
import type { Program, Table } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type {
  BlockRuntime,
  Compiler,
  Evaluator,
  Externs,
  ExternObject,
  Machine,
} from "./machine.ts";
import { compileTable, type RunningTable } from "./tables.ts";

/** What is prepared, by the ids of instances and of tables. */
export type Prepared = {
  readonly block: (node: BlockNode) => BlockRuntime;
  readonly tables: () => readonly RunningTable[];
  readonly objects: () => readonly ExternObject[];
};

type World = {
  readonly program: Program;
  readonly tree: Tree;
  readonly machine: Machine;
  readonly externs: Externs;
  readonly evaluate: Evaluator;
  readonly blocks: Map<number, BlockRuntime>;
  readonly objects: Map<number, ExternObject | undefined>;
  readonly tables: Map<string, RunningTable>;
};

/** The instance that an expression names, seen from a block. */
function instanceOf(
  expression: Expr,
  node: BlockNode | undefined,
  tree: Tree,
): InstanceNode | undefined {
  const found = node === undefined ? undefined : instanceNamed(expression, node.instances);
  return found ?? instanceNamed(expression, tree.instances);
}

/** The extern object of an instance, made when it is first asked for. */
function objectOf(node: ExternNode, world: World): ExternObject | undefined {
  if (world.objects.has(node.id)) return world.objects.get(node.id);
  const made = world.externs.create(node, compilerOf(node.owner, world));
  world.objects.set(node.id, made);
  return made;
}

function childOf(expression: Expr, node: BlockNode | undefined, world: World): BlockRuntime {
  const found = instanceOf(expression, node, world.tree);
  invariant(
    found?.kind === "parser" || found?.kind === "control",
    "what is applied is an instance of a parser or control",
  );
  return blockOf(found, world);
}

function tableOf(table: Table, compiler: Compiler, world: World): RunningTable {
  const key = `${compiler.block?.id ?? -1}.${table.id}`;
  const known = world.tables.get(key);
  if (known !== undefined) return known;
  const made = compileTable(table, { compiler, errors: world.program.errors });
  world.tables.set(key, made);
  return made;
}

/** Prepares parts of one instance, or of what stands at the top level. */
function compilerOf(node: BlockNode | undefined, world: World): Compiler {
  const { machine, externs, tree } = world;
  const compiler = world.evaluate({
    machine,
    externs,
    block: node,
    object: (expression) => {
      const found = instanceOf(expression, node, tree);
      return found?.kind === "extern" ? objectOf(found, world) : undefined;
    },
    child: (expression) => childOf(expression, node, world),
    table: (table): RunningTable => tableOf(table, compiler, world),
  });
  return compiler;
}

function blockOf(node: BlockNode, world: World): BlockRuntime {
  const known = world.blocks.get(node.id);
  if (known !== undefined) return known;
  const compiler = compilerOf(node, world);
  const { declaration } = node;
  const made = {
    node,
    cells: declaration.parameters.map((parameter) => compiler.cell(parameter)),
    run: compiler.body(declaration),
  };
  world.blocks.set(node.id, made);
  return made;
}

/** Prepares a program for a machine: all instances of its tree. */
export function prepare(
  given: {
    readonly program: Program;
    readonly tree: Tree;
    readonly evaluate: Evaluator;
  },
  machine: Machine,
  externs: Externs,
): Prepared {
  const world: World = {
    ...given,
    machine,
    externs,
    blocks: new Map(),
    objects: new Map(),
    tables: new Map(),
  };
  for (const node of given.tree.externs) objectOf(node, world);
  for (const node of given.tree.blocks) blockOf(node, world);
  const objects = [...world.objects.values()].filter((each) => each !== undefined);
  return {
    block: (node) => blockOf(node, world),
    tables: () => [...world.tables.values()],
    objects: () => objects,
  };
}

/** P4Info of a program (P4Runtime 1.5, section 6). */
import { ok, type Result } from "@seam/base";
import { type ExternNode, pathIn, type Tree } from "../eval/instances.ts";
import { type Annotation, annotationText } from "../ir/annotation.ts";
import type { Action, Program } from "../ir/declaration.ts";
import type { StructType, Type } from "../types/type.ts";
import { annotatedOf, annotationNumber, has } from "./annotated.ts";
import { digestTypes } from "./digests.ts";
import {
  directInfo,
  indexedInfo,
  knownOf,
  profileInfo,
  registerInfo,
  typeArgument,
} from "./externs.ts";
import { namedFields, valueSetFields } from "./fields.ts";
import { aliases, type IdOf, type Numbered, numbers, type Sort } from "./identifiers.ts";
import type { DigestInfo, DirectInfo, P4Info, PackageInfo, Preamble } from "./p4info.ts";
import {
  actionInfo,
  directOf,
  implementationOf,
  NO_ACTION,
  type Placed,
  runsNoActionUnnamed,
  tableInfo,
} from "./tables.ts";
import { createTypeBook, describeType, type TypeBook, typeInfoOf } from "./types.ts";

/** Everything that gets a number and a name. */
type Objects = {
  readonly tables: readonly Placed[];
  readonly actions: readonly { readonly path: string; readonly action: Action }[];
  readonly externs: readonly { readonly node: ExternNode; readonly sort: Sort }[];
  readonly valueSets: Tree["valueSets"];
  readonly headers: readonly { readonly type: StructType; readonly name: string }[];
  readonly digests: readonly { readonly name: string; readonly type: Type }[];
};

/** What a control plane is told of a program; an error says which `@id` cannot be. */
export function p4InfoOf(program: Program, tree: Tree): Result<P4Info, string> {
  const assembly = assemblyOf(program, tree);
  return assembly.ok ? ok(assembled(assembly.value)) : assembly;
}

/** The objects of a program, numbered and named; an error says which `@id` cannot be. */
export function assemblyOf(program: Program, tree: Tree): Result<Assembly, string> {
  const objects = objectsIn(program, tree);
  const named = namedIn(objects);
  const ids = numbers(named.map(numberedOf));
  if (!ids.ok) return ids;
  const idOf = ids.value;
  const short = aliases(named.map(({ name }) => name));
  const preambleOf = (sort: Sort, name: string, annotations: readonly Annotation[]): Preamble => ({
    id: idOf(sort, name),
    name,
    alias: short.get(name) ?? name,
    ...annotatedOf(annotations),
  });
  return ok({ program, tree, objects, idOf, preambleOf });
}

type Named = {
  readonly sort: Sort;
  readonly name: string;
  readonly annotations: readonly Annotation[];
  /** What the number is made of, where it is not the name. */
  readonly hashed?: string | undefined;
};

function numberedOf({ sort, name, annotations, hashed }: Named): Numbered {
  const given = annotationNumber(annotations, "id");
  return {
    sort,
    name,
    ...(hashed !== undefined && { hashed }),
    ...(given !== undefined && { given }),
  };
}

function objectsIn(program: Program, tree: Tree): Objects {
  const tables = tree.tables.filter(({ table }) => !has(table.annotations, "hidden"));
  const blocks = tree.blocks.flatMap((block) =>
    block.declaration.locals.flatMap((local) =>
      local.kind === "action" ? [{ path: pathIn(block, local), action: local }] : [],
    ),
  );
  const isUsed = ({ action }: { readonly action: Action }): boolean =>
    tables.some(
      ({ table }) =>
        table.actions.some((each) => each.action.id === action.id) ||
        (action.name === NO_ACTION && runsNoActionUnnamed(table)),
    );
  const global = program.actions.map((action) => ({ path: action.name, action })).filter(isUsed);
  const actions = [...global, ...blocks].filter(({ action }) => !has(action.annotations, "hidden"));
  return {
    tables,
    actions,
    externs: tree.externs.flatMap((node) => {
      const sort = knownOf(node)?.sort;
      return sort === undefined || has(node.instance.annotations, "hidden") ? [] : [{ node, sort }];
    }),
    valueSets: tree.valueSets,
    headers: program.types.flatMap((type) => {
      const name = annotationText(type.annotations, "controller_header");
      return type.kind === "header" && name !== undefined ? [{ type, name }] : [];
    }),
    digests: [
      ...new Map(
        digestTypes(program).map((type) => {
          const name = "name" in type ? type.name : "digest";
          return [name, { name, type }] as const;
        }),
      ).values(),
    ],
  };
}

const namedIn = ({
  tables,
  actions,
  externs,
  valueSets,
  headers,
  digests,
}: Objects): readonly Named[] => [
  ...tables.map(({ path, table: { annotations } }) => ({
    sort: "table" as const,
    name: path,
    annotations,
  })),
  ...actions.map(({ path, action: { annotations } }) => ({
    sort: "action" as const,
    name: path,
    annotations,
  })),
  ...externs.map(({ node, sort }) => ({
    sort,
    name: node.path,
    annotations: node.instance.annotations,
  })),
  ...valueSets.map(({ path, set: { annotations } }) => ({
    sort: "valueSet" as const,
    name: path,
    annotations,
  })),
  ...headers.map(({ type, name }) => ({
    sort: "controllerHeader" as const,
    name,
    annotations: type.annotations,
    hashed: type.name,
  })),
  ...digests.map(({ name }) => ({ sort: "digest" as const, name, annotations: [] })),
];

/** The objects of a program, with their numbers and what each begins with. */
export type Assembly = {
  readonly program: Program;
  readonly tree: Tree;
  readonly objects: Objects;
  readonly idOf: IdOf;
  readonly preambleOf: (sort: Sort, name: string, annotations: readonly Annotation[]) => Preamble;
};

type Make<T> = (node: ExternNode, preamble: Preamble) => T;

const externInfos = <T>(
  { objects, preambleOf }: Assembly,
  wanted: Sort,
  make: Make<T>,
): readonly T[] =>
  objects.externs
    .filter(({ sort }) => sort === wanted)
    .map(({ node }) => make(node, preambleOf(wanted, node.path, node.instance.annotations)));

function assembled(assembly: Assembly): P4Info {
  const { program, tree, objects, idOf, preambleOf } = assembly;
  const book = createTypeBook();
  const tableIds = (isWanted: (placed: Placed) => boolean): readonly number[] =>
    objects.tables.filter(isWanted).map(({ path }) => idOf("table", path));
  const direct: Make<DirectInfo> = (node, preamble) =>
    directInfo(node, preamble, tableIds((placed) => directOf(placed).includes(node))[0]);
  const info = {
    pkg_info: packageInfo(tree),
    tables: objects.tables.map((placed) =>
      tableInfo(placed, preambleOf("table", placed.path, placed.table.annotations), idOf),
    ),
    actions: objects.actions.map(({ path, action }) =>
      actionInfo(action, preambleOf("action", path, action.annotations)),
    ),
    action_profiles: externInfos(assembly, "actionProfile", (node, preamble) =>
      profileInfo(
        node,
        preamble,
        tableIds((placed) => implementationOf(placed) === node),
      ),
    ),
    counters: externInfos(assembly, "counter", indexedInfo),
    direct_counters: externInfos(assembly, "directCounter", direct),
    meters: externInfos(assembly, "meter", indexedInfo),
    direct_meters: externInfos(assembly, "directMeter", direct),
    controller_packet_metadata: objects.headers.map(({ type, name }) => ({
      preamble: preambleOf("controllerHeader", name, type.annotations),
      metadata: namedFields(type.fields),
    })),
    value_sets: objects.valueSets.map(({ path, set }) => ({
      preamble: preambleOf("valueSet", path, set.annotations),
      match: valueSetFields(set),
      size: set.size,
    })),
    registers: externInfos(assembly, "register", (node, preamble) =>
      registerInfo(node, preamble, book),
    ),
    digests: digestInfos(assembly, book),
  };
  mentionNewTypes(objects, book);
  return { ...info, type_info: typeInfoOf(book, program.errors) };
}

/** Of PSA's and PNA's objects, and of v1model's calls. */
const digestInfos = (assembly: Assembly, book: TypeBook): readonly DigestInfo[] => [
  ...externInfos(assembly, "digest", (node, preamble) => ({
    preamble,
    type_spec: describeType(book, typeArgument(node, 0) ?? { kind: "bool" }),
  })),
  ...assembly.objects.digests.map(({ name, type }) => ({
    preamble: assembly.preambleOf("digest", name, []),
    type_spec: describeType(book, type),
  })),
];

/** Types that keys, parameters, headers and indexes name are described too. */
function mentionNewTypes(objects: Objects, book: TypeBook): void {
  const types = [
    ...objects.tables.flatMap(({ table }) => table.keys.map(({ expression }) => expression.type)),
    ...objects.actions.flatMap(({ action }) => action.parameters.map(({ type }) => type)),
    ...objects.headers.flatMap(({ type }) => type.fields.map((field) => field.type)),
    ...objects.externs.flatMap(({ node }) => typeArgument(node, knownOf(node)?.index) ?? []),
  ];
  for (const type of types) if (type.kind === "newtype") describeType(book, type);
}

const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["V1Switch", "v1model"],
  ["PSA_Switch", "psa"],
  ["PNA_NIC", "pna"],
  ["ebpfFilter", "ebpf"],
  ["ubpf", "ubpf"],
  ["xdp", "xdp"],
  ["Switch", "tna"],
  ["MultiParserSwitch", "tna"],
]);

/** The architecture that the package of `main` belongs to; empty when it is none of those that Seam brings. */
export function architectureOf({ main }: Tree): string {
  const type = main?.instance.type;
  return ARCHITECTURES.get(type !== undefined && "name" in type ? type.name : "") ?? "";
}

const SAID = ["name", "version", "organization", "contact", "url"] as const;

/** What `@pkginfo` of `main` says, and the architecture by the package. */
function packageInfo(tree: Tree): PackageInfo {
  const { main } = tree;
  const annotations = main?.instance.annotations ?? [];
  const said = new Map(
    annotations
      .filter(({ name }) => name === "pkginfo")
      .flatMap(({ named }) => named)
      .flatMap(({ name, value }) =>
        value.kind === "string" ? [[name, value.value] as const] : [],
      ),
  );
  return {
    ...Object.fromEntries(SAID.flatMap((each) => (said.has(each) ? [[each, said.get(each)]] : []))),
    ...annotatedOf(annotations),
    arch: said.get("arch") ?? architectureOf(tree),
  };
}

/**
 * The type checker: from a syntax tree to the typed, resolved program. It runs once, goes on after errors with a type that silences what
 * follows from them, and never throws.
 */
import type { Tree } from "../eval/instances.ts";
import { MOST_INSTANCES, treeOf } from "../eval/tree.ts";
import type { Program } from "../ir/declaration.ts";
import { diagnose, type Diagnostic, hasErrors } from "../source/diagnostic.ts";
import type { Span } from "../source/file.ts";
import type { Program as Syntax } from "../syntax/ast-program.ts";
import { noUses, type Uses } from "../names/uses.ts";
import { findings } from "../validate/report.ts";
import { declaration, specializedBlock } from "./check-declarations.ts";
import { expression } from "./check-expressions.ts";
import { statement } from "./check-statements.ts";
import { type Checker, entityKind, tell } from "./context.ts";

/** A program, unless it has errors, and what was found about it. */
export type Checked = {
  readonly program: Program | undefined;
  /** What `main` makes; undefined when the program has errors. */
  readonly tree: Tree | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Which names are used, and which hide others. */
  readonly uses: Uses;
};

/** So many findings are told. */
const MOST = 100;

const newChecker = (): Checker => ({
  rules: { expression, statement, block: specializedBlock },
  found: findings(),
  uses: noUses(),
  draft: {
    types: [],
    externs: [],
    blockTypes: [],
    errors: [],
    matchKinds: [],
    functions: [],
    externFunctions: [],
    actions: [],
    parsers: [],
    controls: [],
    valueSets: [],
    instances: [],
  },
  scope: { names: new Map() },
  place: { kind: "top", result: { kind: "void" } },
  nextId: 0,
  trials: 0,
  implicit: [],
});

/** Judges the types of a program that was read and validated without errors. */
export function checkProgram({ declarations }: Syntax): Checked {
  const c = newChecker();
  for (const each of declarations) declaration(c, each);
  tellMain(c);
  const { list } = c.found;
  const diagnostics = list.length > MOST ? cut(list) : list;
  const { uses } = c;
  if (hasErrors(list)) return { program: undefined, tree: undefined, diagnostics, uses };
  const tree = treeOf(c.draft);
  const told = tree === undefined ? tooMany(c) : namesTwice(tree);
  const isRight = told.length === 0;
  return {
    program: isRight ? c.draft : undefined,
    tree: isRight ? tree : undefined,
    diagnostics: [...diagnostics, ...told],
    uses,
  };
}

/** `main` is an instance of a package; of instances that was told. */
function tellMain(c: Checker): void {
  const main = c.scope.names.get("main");
  if (main === undefined || main.kind === "instance" || main.kind === "constant") return;
  tell(c, { code: "P642", span: main.span }, { type: entityKind(main) });
}

function tooMany({ draft }: Checker): readonly Diagnostic[] {
  const [last] = draft.instances.slice(-1);
  if (last === undefined) return [];
  return [diagnose("P904", last.span, { fields: { limit: String(MOST_INSTANCES) } })];
}

/** Something that the control plane names; `within` is the path of the block that it is in. */
type Named = {
  readonly path: string;
  readonly what: "table" | "action";
  readonly id: number;
  readonly span: Span;
  readonly within?: string;
};

const rootOf = ({ within = "" }: Named): string => within.split(".", 1).join();

/** Whether two things are one: what the same block of a package is used for twice has its name once, but not what is in a block twice. */
const isOne = (left: Named, right: Named): boolean =>
  left.id === right.id && (left.within === right.within || rootOf(left) !== rootOf(right));

/** The control plane tells tables by their names, and actions by theirs (section 20.1.2). */
function namesTwice({ tables, actions }: Tree): readonly Diagnostic[] {
  const things: readonly Named[] = [
    ...tables.map(({ path, table: { id, span }, block }) => {
      const what = "table" as const;
      return { path, what, id, span, within: block.path };
    }),
    ...actions.map(({ path, action: { id, span } }) => {
      const what = "action" as const;
      return { path, what, id, span };
    }),
  ];
  const seen = new Map<string, Named>();
  const told = things.flatMap((each) => {
    const key = `${each.what} ${each.path}`;
    const earlier = seen.get(key);
    seen.set(key, earlier ?? each);
    if (earlier === undefined || isOne(earlier, each)) return [];
    const related = [{ message: "the first one", span: earlier.span }];
    const fields = { what: each.what, name: each.path };
    return [diagnose("P670", each.span, { fields, related })];
  });
  return told.slice(0, MOST);
}

function cut(list: readonly Diagnostic[]): readonly Diagnostic[] {
  const errors = list.filter(({ severity }) => severity === "error");
  const last = errors[MOST] ?? list[MOST];
  const kept = errors.slice(0, MOST);
  if (last === undefined || errors.length <= MOST)
    return kept.length > 0 ? kept : list.slice(0, MOST);
  return [...kept, diagnose("P903", last.span, { fields: { limit: String(MOST) } })];
}

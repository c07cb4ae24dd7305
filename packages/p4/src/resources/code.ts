/** The code that runs: bodies of what is instantiated from `main`, and of all that they call, each declaration once. */
import type { Tree } from "../eval/instances.ts";
import type {
  Action,
  ControlDeclaration,
  FunctionDeclaration,
  Instance,
  Local,
  ParserDeclaration,
} from "../ir/declaration.ts";
import type { Callee, Expr } from "../ir/expression.ts";
import { expressionsIn, expressionsOf, statementsOf } from "../ir/parts.ts";
import type { Statement } from "../ir/statement.ts";

/** Whose body it is. */
type Owner = ParserDeclaration | ControlDeclaration | Action | FunctionDeclaration;

/** A body: its statements and expressions, those inside of others too. */
export type Code = {
  readonly owner: Owner;
  readonly statements: readonly Statement[];
  readonly expressions: readonly Expr[];
};

/** The code of a program, blocks first. */
export function codeOf(tree: Tree): readonly Code[] {
  const seen = new Set<number>();
  const found: Code[] = [];
  const waiting: Owner[] = [
    ...tree.blocks.map(({ declaration }) => declaration),
    ...tree.externs.flatMap(({ instance }) => methodsOf(instance)),
  ];
  for (let owner = waiting.shift(); owner !== undefined; owner = waiting.shift()) {
    if (seen.has(owner.id)) continue;
    seen.add(owner.id);
    const code = codeIn(owner);
    found.push(code);
    waiting.push(...ownersIn(owner), ...code.expressions.flatMap(calledBy));
  }
  return found;
}

const methodsOf = ({ methods, instances }: Instance): readonly FunctionDeclaration[] => [
  ...methods,
  ...instances.flatMap(methodsOf),
];

const localsOf = (owner: Owner): readonly Local[] => ("locals" in owner ? owner.locals : []);

function codeIn(owner: Owner): Code {
  const locals = localsOf(owner);
  const top = [...locals.filter((local) => local.kind === "variable"), ...bodyOf(owner)];
  const tables = locals.filter((local) => local.kind === "table");
  const keys = tables.flatMap((table) => table.keys.map(({ expression }) => expression));
  return {
    owner,
    statements: top.flatMap(statementsOf),
    expressions: [
      ...top.flatMap(expressionsIn),
      ...[...keys, ...selectsOf(owner)].flatMap(expressionsOf),
    ],
  };
}

const bodyOf = (owner: Owner): readonly Statement[] =>
  owner.kind === "parser" ? owner.states.flatMap(({ body }) => body) : owner.body.statements;

const selectsOf = (owner: Owner): readonly Expr[] =>
  owner.kind === "parser"
    ? owner.states.flatMap(({ transition }) =>
        transition.kind === "select" ? transition.keys : [],
      )
    : [];

/** Actions of tables and those that are local, though nothing may call them, are run by the control plane's wish. */
const ownersIn = (owner: Owner): readonly Owner[] =>
  localsOf(owner).flatMap((local) => {
    if (local.kind === "table") return local.actions.map(({ action }) => action);
    return local.kind === "action" ? [local] : [];
  });

function calledBy(expr: Expr): readonly Owner[] {
  return expr.kind === "call" ? calledIn(expr.callee) : [];
}

function calledIn(callee: Callee): readonly Owner[] {
  if (callee.kind === "function") return [callee.function];
  return callee.kind === "action" ? [callee.action] : [];
}

/** Switch, on the action that a table ran and on values (section 12.7). */
import type { Action } from "../ir/declaration.ts";
import type { Expr } from "../ir/expression.ts";
import type { Block, Statement } from "../ir/statement.ts";
import { equal, isValue } from "../ir/value.ts";
import type { Expression } from "../syntax/ast.ts";
import type { Switch, SwitchCase } from "../syntax/ast-program.ts";
import { blockOf } from "./check-functions.ts";
import { coerced } from "./coerce.ts";
import { check, type Checker, isNothing, tell, typeOf } from "./context.ts";
import { isBits, show, underlying } from "./show.ts";
import type { Type } from "./type.ts";

/** Judges a switch. */
export function switchStatement(c: Checker, syntax: Switch): Statement {
  const subject = check(c, syntax.subject);
  tellDefaults(c, syntax.cases);
  const type = typeOf(subject);
  if (type.kind === "action run" && subject.kind === "call" && subject.callee.kind === "table") {
    const { actions } = subject.callee.table;
    const labels = (label: Expression): Action | undefined =>
      actionLabel(c, label, { actions: actions.map(({ action }) => action) });
    const cases = grouped(c, syntax.cases, labels).map(({ found, ...rest }) => ({
      ...rest,
      actions: found,
    }));
    tellTwice(
      c,
      cases.flatMap((each) => each.actions),
      syntax,
    );
    const apply = {
      ...subject,
      type: { kind: "apply result", table: subject.callee.table.id } as const,
    };
    return { kind: "action switch", apply, cases, span: syntax.span };
  }
  tellSubject(c, subject);
  const seen: Expr[] = [];
  const cases = grouped(c, syntax.cases, (label) => valueLabel(c, label, { type, seen }));
  return {
    kind: "value switch",
    subject,
    cases: cases.map(({ found, ...rest }) => ({ ...rest, labels: found })),
    span: syntax.span,
  };
}

function tellSubject(c: Checker, subject: Expr): void {
  const type = typeOf(subject);
  const under = underlying(type);
  if (["nothing", "enum", "error", "bool", "integer"].includes(under.kind) || isBits(under)) return;
  const fields = {
    what: "what is switched on",
    expected: "a number, enum, error, bool or action_run",
    found: show(type),
  };
  tell(c, { code: "P601", span: subject.span }, fields);
}

type Grouped<T> = {
  readonly found: readonly T[];
  readonly isDefault: boolean;
  readonly body: Block;
};

/** Cases with their bodies: labels without one share that of the next. */
function grouped<T>(
  c: Checker,
  cases: readonly SwitchCase[],
  judge: (label: Expression) => T | undefined,
): readonly Grouped<T>[] {
  const made: Grouped<T>[] = [];
  let found: T[] = [];
  let isDefault = false;
  for (const { label, body } of cases) {
    if (label === undefined) isDefault = true;
    else {
      const one = judge(label);
      if (one !== undefined) found.push(one);
    }
    if (body === undefined) continue;
    made.push({ found, isDefault, body: blockOf(c, body) });
    found = [];
    isDefault = false;
  }
  return made;
}

/** There is at most one default, and it is the last label. */
function tellDefaults(c: Checker, cases: readonly SwitchCase[]): void {
  const defaults = cases.filter(({ label }) => label === undefined);
  const second = defaults[1];
  if (second !== undefined) tell(c, { code: "P650", span: second.span }, { label: "default" });
  const at = cases.findIndex(({ label }) => label === undefined);
  const next = at < 0 ? undefined : cases[at + 1];
  if (next !== undefined) tell(c, { code: "P651", span: next.span }, {});
}

function actionLabel(
  c: Checker,
  label: Expression,
  { actions }: { readonly actions: readonly Action[] },
): Action | undefined {
  const name = label.kind === "name" ? label.name.text : undefined;
  const action = actions.find((each) => each.name === name);
  if (action === undefined)
    tell(
      c,
      { code: "P652", span: label.span },
      {
        names: actions
          .map((each) => each.name)
          .slice(0, 8)
          .join(", "),
      },
    );
  return action;
}

function tellTwice(c: Checker, actions: readonly Action[], { cases }: Switch): void {
  const seen = new Set<string>();
  for (const { name } of actions) {
    const second = cases.filter(
      ({ label }) => label?.kind === "name" && label.name.text === name,
    )[1];
    if (seen.has(name) && second !== undefined)
      tell(c, { code: "P650", span: second.span }, { label: name });
    seen.add(name);
  }
}

function valueLabel(
  c: Checker,
  label: Expression,
  { type, seen }: { readonly type: Type; readonly seen: Expr[] },
): Expr | undefined {
  const value = coerced(c, check(c, label, type), { to: type, what: "the label" });
  if (isNothing(value.type)) return undefined;
  if (!isValue(value)) {
    tell(c, { code: "P507", span: label.span }, { what: "a label" });
    return undefined;
  }
  if (seen.some((each) => equal(each, value)))
    tell(
      c,
      { code: "P650", span: label.span },
      { label: "value" in value ? String(value.value) : "the same value" },
    );
  seen.push(value);
  return value;
}

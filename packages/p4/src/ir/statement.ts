/** Statements of the typed program (section 12). */
import type { Span } from "../source/file.ts";
import type { Annotation } from "./annotation.ts";
import type { Action, Variable } from "./declaration.ts";
import type { CallExpr, Expr, Operator } from "./expression.ts";

type Node<Kind extends string> = { readonly kind: Kind; readonly span: Span };

/**
 * `target = value`, or with an operator `target op= value`, whose target is evaluated once. The target is a variable, a field, element,
 * `next`, `last`, slice or part of one. A struct is copied; a header takes over its validity.
 */
type Assignment = Node<"assignment"> & {
  readonly target: Expr;
  readonly operator?: Operator;
  readonly value: Expr;
};

/** A call whose result is not used. */
type CallStatement = Node<"call statement"> & { readonly call: CallExpr };

/** A local variable; without a value it is not initialised: headers are invalid. */
export type VariableStatement = Node<"variable"> & {
  readonly variable: Variable;
  readonly value?: Expr;
};

/** Statements with a scope of their own. */
export type Block = Node<"block"> & {
  readonly annotations: readonly Annotation[];
  readonly statements: readonly Statement[];
};

/** `switch` on the action that a table ran; labels that fall through share a body; the last may be `default`. */
type ActionSwitch = Node<"action switch"> & {
  readonly apply: CallExpr;
  readonly cases: readonly {
    readonly actions: readonly Action[];
    readonly isDefault: boolean;
    readonly body: Block;
  }[];
};

/** `switch` on a value; labels are values. */
type ValueSwitch = Node<"value switch"> & {
  readonly subject: Expr;
  readonly cases: readonly {
    readonly labels: readonly Expr[];
    readonly isDefault: boolean;
    readonly body: Block;
  }[];
};

/** What `for (... in ...)` goes over: from first to last, both included, or the elements of a stack or list. */
type Collection =
  | { readonly kind: "range"; readonly first: Expr; readonly last: Expr }
  | { readonly kind: "elements"; readonly of: Expr };

/** A statement. */
export type Statement =
  | Assignment
  | CallStatement
  | VariableStatement
  | Block
  | (Node<"if"> & { readonly condition: Expr; readonly yes: Statement; readonly no?: Statement })
  | ActionSwitch
  | ValueSwitch
  | (Node<"for"> & {
      readonly init: readonly Statement[];
      readonly condition: Expr;
      readonly update: readonly Statement[];
      readonly body: Statement;
    })
  | (Node<"for in"> & {
      readonly variable: Variable;
      readonly collection: Collection;
      readonly body: Statement;
    })
  | (Node<"return"> & { readonly value?: Expr })
  | Node<"exit">
  | Node<"break">
  | Node<"continue">
  | Node<"empty">;

/** Declarations of the top level and of parsers and controls (sections 6.5, 13.2 and 14). */
import type {
  ControlDeclaration,
  ExternFunction,
  Local,
  Parameter,
  ParserDeclaration,
} from "../ir/declaration.ts";
import type { GenericBlock, NamedFunction } from "../names/scope.ts";
import type {
  Action,
  ControlDeclaration as ControlSyntax,
  Declaration,
  ExternFunction as ExternFunctionSyntax,
  ParserDeclaration as ParserSyntax,
} from "../syntax/ast-program.ts";
import { annotated, deprecation } from "./annotate.ts";
import { actionOf, blockOf, namedFunction } from "./check-functions.ts";
import { instantiation } from "./check-instances.ts";
import {
  declareParameters,
  parametersOf,
  runTimeParameters,
  specialization,
  typeParameters,
} from "./check-parameters.ts";
import { states, valueSet } from "./check-parsers.ts";
import { constant, variable } from "./check-statements.ts";
import { tableOf } from "./check-tables.ts";
import { blockType, enumType, externType, structType, tellTwice, typedef } from "./check-types.ts";
import { type Checker, declare, newId, placed, scoped } from "./context.ts";
import type { BlockType, Type } from "./type.ts";
import { typeFor } from "./type-refs.ts";

const VOID: Type = { kind: "void" };

/** Judges a declaration of the top level, and declares it. */
export function declaration(c: Checker, syntax: Declaration): void {
  switch (syntax.kind) {
    case "parser":
    case "control":
      blockDeclaration(c, syntax);
      return;
    case "function":
      addFunction(c, namedFunction(c, syntax), syntax);
      return;
    case "extern function":
      addFunction(c, externFunction(c, syntax), syntax);
      return;
    case "action":
      c.draft.actions.push(action(c, syntax));
      return;
    case "constant":
      constant(c, syntax);
      return;
    case "instantiation": {
      const made = instantiation(c, syntax);
      if (made !== undefined) c.draft.instances.push(made);
      return;
    }
    case "value set":
      c.draft.valueSets.push(valueSet(c, syntax));
      return;
    case "error":
      c.draft.errors.push(...syntax.members.map(({ text }) => text));
      return;
    case "match_kind":
      c.draft.matchKinds.push(...syntax.members.map(({ text }) => text));
      return;
    case "control type":
    case "enum":
    case "extern":
    case "header":
    case "header_union":
    case "package":
    case "parser type":
    case "struct":
    case "type":
    case "typedef":
      typeDeclaration(c, syntax);
  }
}

type TypeSyntax = Extract<
  Declaration,
  {
    kind:
      | ("struct" | "header" | "header_union" | "enum" | "typedef" | "type" | "extern")
      | ("parser type" | "control type" | "package");
  }
>;

function typeDeclaration(c: Checker, syntax: TypeSyntax): void {
  switch (syntax.kind) {
    case "struct":
    case "header":
    case "header_union":
      structType(c, syntax);
      return;
    case "enum":
      enumType(c, syntax);
      return;
    case "typedef":
    case "type":
      typedef(c, syntax);
      return;
    case "extern":
      externType(c, syntax);
      return;
    case "parser type":
    case "control type":
    case "package":
      blockType(c, syntax);
  }
}

function addFunction(
  c: Checker,
  made: NamedFunction,
  { name, annotations }: Extract<Declaration, { kind: "function" | "extern function" }>,
): void {
  const known = c.scope.names.get(name.text);
  const list = known?.kind === "functions" ? [...known.list, made] : [made];
  tellTwice(c, list);
  declare(c, name.text, { kind: "functions", list, span: name.span, ...deprecation(annotations) });
}

function externFunction(c: Checker, syntax: ExternFunctionSyntax): ExternFunction {
  return scoped(c, () => {
    const { name, span } = syntax;
    const variables = typeParameters(c, syntax.typeParameters);
    const parameters = runTimeParameters(c, syntax.parameters, "other");
    const annotations = annotated(c, syntax.annotations);
    const made: ExternFunction = {
      kind: "extern function",
      id: newId(c),
      name: name.text,
      annotations,
      span,
      typeParameters: variables,
      parameters,
      result: typeFor(c, syntax.result),
    };
    c.draft.externFunctions.push(made);
    return made;
  });
}

function action(c: Checker, syntax: Action): ReturnType<typeof actionOf> {
  const made = actionOf(c, syntax);
  const { name, annotations } = syntax;
  declare(c, name.text, {
    kind: "action",
    action: made,
    span: name.span,
    ...deprecation(annotations),
  });
  return made;
}

type Block = {
  readonly type: BlockType;
  readonly parameters: readonly Parameter[];
  readonly constructorParameters: readonly Parameter[];
  readonly annotations: BlockType["annotations"];
};

/** The head of a parser or control, its parameters declared. */
function head(c: Checker, syntax: ParserSyntax | ControlSyntax): Block {
  const parameters = runTimeParameters(c, syntax.parameters, "other");
  const constructorParameters = parametersOf(c, syntax.constructorParameters ?? []);
  declareParameters(c, [...parameters, ...constructorParameters], "given");
  const annotations = annotated(c, syntax.annotations);
  const type: BlockType = {
    kind: syntax.kind,
    id: newId(c),
    name: syntax.name.text,
    annotations,
    arguments: [],
    parameters,
  };
  return { type, parameters, constructorParameters, annotations };
}

function locals(c: Checker, list: (ParserSyntax | ControlSyntax)["locals"]): readonly Local[] {
  return list.flatMap((each): readonly Local[] => {
    switch (each.kind) {
      case "constant":
        constant(c, each);
        return [];
      case "variable":
        return [variable(c, each)];
      case "instantiation": {
        const made = instantiation(c, each);
        return made === undefined ? [] : [made];
      }
      case "value set":
        return [valueSet(c, each)];
      case "action":
        return [action(c, each)];
      case "table": {
        const table = tableOf(c, each);
        declare(c, table.name, { kind: "table", table, span: each.name.span });
        return [table];
      }
    }
  });
}

function parser(c: Checker, syntax: ParserSyntax): ParserDeclaration {
  const { name, span } = syntax;
  return placed(c, { kind: "parser", result: VOID }, () => {
    const block = head(c, syntax);
    const before = locals(c, syntax.locals);
    const list = states(c, syntax.states);
    const declared = { kind: "parser", id: newId(c), name: name.text, span } as const;
    return { ...declared, ...block, locals: [...before, ...c.implicit], states: list };
  });
}

function control(c: Checker, syntax: ControlSyntax): ControlDeclaration {
  const { name, span } = syntax;
  return placed(c, { kind: "control", result: VOID }, () => {
    const block = head(c, syntax);
    const before = locals(c, syntax.locals);
    const body = placed(c, { kind: "apply", result: VOID }, () => blockOf(c, syntax.body));
    const declared = { kind: "control", id: newId(c), name: name.text, span } as const;
    return { ...declared, ...block, locals: [...before, ...c.implicit], body };
  });
}

/** A parser or control in the current scope, in which its type parameters are declared. */
function blockIn(
  c: Checker,
  syntax: ParserSyntax | ControlSyntax,
): ParserDeclaration | ControlDeclaration {
  const { implicit } = c;
  c.implicit = [];
  const made = syntax.kind === "parser" ? parser(c, syntax) : control(c, syntax);
  c.implicit = implicit;
  return made;
}

function keep(c: Checker, block: ParserDeclaration | ControlDeclaration): void {
  if (block.kind === "parser") c.draft.parsers.push(block);
  else c.draft.controls.push(block);
}

/** Judges a parser or control and declares it; one with type parameters is judged as it is, and again for each choice of arguments. */
function blockDeclaration(c: Checker, syntax: ParserSyntax | ControlSyntax): void {
  const { name, annotations } = syntax;
  const { scope } = c;
  const { block, parameters } = scoped(c, () => {
    const variables = typeParameters(c, syntax.typeParameters);
    return { block: blockIn(c, syntax), parameters: variables };
  });
  const type = { ...block.type, arguments: parameters };
  const entity = { kind: "type", type, parameters, block } as const;
  const rest = { span: name.span, ...deprecation(annotations) };
  if (parameters.length === 0) {
    keep(c, block);
    declare(c, name.text, { ...entity, ...rest });
  } else declare(c, name.text, { ...entity, ...rest, generic: { syntax, scope, made: new Map() } });
}

/** A generic parser or control with its type parameters bound; made once for each choice. */
export function specializedBlock(
  c: Checker,
  generic: GenericBlock,
  list: readonly Type[],
): ParserDeclaration | ControlDeclaration {
  const make = (): ParserDeclaration | ControlDeclaration => {
    const block = scoped(c, () => blockIn(c, generic.syntax));
    keep(c, block);
    return block;
  };
  return specialization(c, generic, { list, make });
}

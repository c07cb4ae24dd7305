/** Programs as text: `parse(print(tree))` is the same tree but for its spans, and printing that gives the same text. */
import type { Annotation, Keyset, Parameter } from "../syntax/ast.ts";
import type {
  ActionRef,
  Block,
  ControlDeclaration,
  Declaration,
  Entry,
  Enum,
  ForIn,
  If,
  Method,
  ParserDeclaration,
  Program,
  State,
  Statement,
  Struct,
  Switch,
  Table,
  TableProperty,
  Transition,
  Typedef,
} from "../syntax/ast-program.ts";
import {
  printArguments,
  printExpression,
  printKeyset,
  printNamed,
  printType,
} from "./expressions.ts";

/** A program, one declaration after the other. */
export const printProgram = ({ declarations }: Program): string =>
  declarations.map((each) => `${printDeclaration(each)}\n`).join("\n");

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "    ");

/** Items in braces, each on lines of its own. */
const braces = (items: readonly string[]): string =>
  items.length === 0 ? "{}" : `{\n${indented(items.join("\n"))}\n}`;

function printAnnotation({ name, body }: Annotation): string {
  switch (body.kind) {
    case "none":
      return `@${name.text}`;
    case "tokens":
      return `@${name.text}(${body.tokens.join(" ")})`;
    case "pragma":
      return `@pragma ${[name.text, ...body.tokens].join(" ")}`;
    case "expressions":
      return `@${name.text}[${body.expressions.map((each) => printExpression(each)).join(", ")}]`;
    case "named":
      return `@${name.text}[${body.values.map(printNamed).join(", ")}]`;
  }
}

/** Annotations before something; a pragma takes the rest of its line. */
const before = (annotations: readonly Annotation[]): string =>
  annotations
    .map((each) => `${printAnnotation(each)}${each.body.kind === "pragma" ? "\n" : " "}`)
    .join("");

/** Annotations behind something, as those of keys and entries. */
const after = (annotations: readonly Annotation[]): string =>
  annotations
    .map((each) => ` ${printAnnotation(each)}${each.body.kind === "pragma" ? "\n" : ""}`)
    .join("");

const printParameter = ({
  annotations,
  direction,
  type,
  name,
  defaultValue,
}: Parameter): string => {
  const way = direction === undefined ? "" : `${direction} `;
  const value = defaultValue === undefined ? "" : ` = ${printExpression(defaultValue)}`;
  return `${before(annotations)}${way}${printType(type)} ${name.text}${value}`;
};

const printParameters = (list: readonly Parameter[]): string =>
  `(${list.map(printParameter).join(", ")})`;

const generics = (names: readonly { readonly text: string }[]): string =>
  names.length === 0 ? "" : `<${names.map(({ text }) => text).join(", ")}>`;

type Signature = Pick<Method, "name" | "typeParameters" | "parameters">;

const signature = ({ name, typeParameters, parameters }: Signature): string =>
  `${name.text}${generics(typeParameters)}${printParameters(parameters)}`;

/** A block; empty ones stay on their line. */
function printBlock({ annotations, statements }: Block): string {
  return `${before(annotations)}${braces(statements.map(printStatement))}`;
}

/** A statement with its semicolon. */
function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case "assignment":
    case "call statement":
      return `${printSimple(statement)};`;
    case "block":
      return printBlock(statement);
    case "if":
      return printIf(statement);
    case "switch":
      return printSwitch(statement);
    case "for": {
      const init = statement.init.map(printSimple).join(", ");
      const update = statement.update.map(printSimple).join(", ");
      const head = `${init}; ${printExpression(statement.condition)}; ${update}`;
      return `${before(statement.annotations)}for (${head}) ${printStatement(statement.body)}`;
    }
    case "for in":
      return printForIn(statement);
    case "return":
      return statement.value === undefined
        ? "return;"
        : `return ${printExpression(statement.value)};`;
    case "exit":
    case "break":
    case "continue":
      return `${statement.kind};`;
    case "empty":
      return ";";
    case "variable":
      return `${printSimple(statement)};`;
    case "constant":
      return printDeclaration(statement);
  }
}

type Simple = Extract<Statement, { kind: "assignment" | "call statement" | "variable" }>;

/** What also stands in the head of a loop: without its semicolon. */
function printSimple(statement: Simple): string {
  switch (statement.kind) {
    case "assignment": {
      const { target, operator, value } = statement;
      return `${printExpression(target)} ${operator} ${printExpression(value)}`;
    }
    case "call statement":
      return printExpression(statement.call);
    case "variable": {
      const { annotations, type, name, value } = statement;
      const init = value === undefined ? "" : ` = ${printExpression(value)}`;
      return `${before(annotations)}${printType(type)} ${name.text}${init}`;
    }
  }
}

function printIf({ condition, yes, no }: If): string {
  const head = `if (${printExpression(condition)}) ${printStatement(yes)}`;
  if (no === undefined) return head;
  return `${head}${yes.kind === "block" ? " " : "\n"}else ${printStatement(no)}`;
}

function printForIn({ annotations, variable, collection, body }: ForIn): string {
  const head = `${printSimple(variable)} in ${printKeyset(collection)}`;
  return `${before(annotations)}for (${head}) ${printStatement(body)}`;
}

function printSwitch({ subject, cases }: Switch): string {
  const items = cases.map(({ label, body }) => {
    const head = `${label === undefined ? "default" : printExpression(label)}:`;
    return body === undefined ? head : `${head} ${printBlock(body)}`;
  });
  return `switch (${printExpression(subject)}) ${braces(items)}`;
}

/** A declaration. */
function printDeclaration(declaration: Declaration | Table): string {
  if ("members" in declaration && declaration.kind !== "enum") {
    const names = declaration.members.map(({ text }) => text);
    return `${declaration.kind} ${braces([names.join(",\n")])}`;
  }
  return `${before(declaration.annotations)}${printBare(declaration)}`;
}

type Bare = Exclude<Declaration, { kind: "error" | "match_kind" }> | Table;

/** A declaration without its annotations. */
function printBare(declaration: Bare): string {
  switch (declaration.kind) {
    case "constant": {
      const { type, name, value } = declaration;
      return `const ${printType(type)} ${name.text} = ${printExpression(value)};`;
    }
    case "instantiation": {
      const { type, arguments: list, name, initializer } = declaration;
      const body =
        initializer === undefined ? "" : ` = ${braces(initializer.map(printDeclaration))}`;
      return `${printType(type)}${printArguments(list)} ${name.text}${body};`;
    }
    case "value set": {
      const { type, capacity, name } = declaration;
      return `value_set<${printType(type)}>(${printExpression(capacity)}) ${name.text};`;
    }
    case "action":
      return `action ${declaration.name.text}${printParameters(declaration.parameters)} ${printBlock(declaration.body)}`;
    case "table":
      return `table ${declaration.name.text} ${braces(declaration.properties.map(printProperty))}`;
    case "parser":
      return printParser(declaration);
    case "control":
      return printControl(declaration);
    case "extern":
      return `extern ${declaration.name.text}${generics(declaration.typeParameters)} ${braces(declaration.methods.map(printMethod))}`;
    case "extern function":
      return `extern ${printType(declaration.result)} ${signature(declaration)};`;
    case "function":
      return `${printType(declaration.result)} ${signature(declaration)} ${printBlock(declaration.body)}`;
    case "parser type":
    case "control type":
    case "package":
    case "struct":
    case "header":
    case "header_union":
    case "enum":
    case "typedef":
    case "type":
      return printTypeDeclaration(declaration);
  }
}

type TypeDeclaration = Extract<
  Declaration,
  {
    kind:
      | ("parser type" | "control type" | "package" | "struct" | "header" | "header_union")
      | ("enum" | "typedef" | "type");
  }
>;

function printTypeDeclaration(declaration: TypeDeclaration): string {
  switch (declaration.kind) {
    case "parser type":
      return `parser ${signature(declaration)};`;
    case "control type":
      return `control ${signature(declaration)};`;
    case "package":
      return `package ${signature(declaration)};`;
    case "struct":
    case "header":
    case "header_union":
      return printStruct(declaration);
    case "enum":
      return printEnum(declaration);
    case "typedef":
    case "type":
      return `${declaration.kind} ${printTarget(declaration.target)} ${declaration.name.text};`;
  }
}

const printTarget = (target: Typedef["target"]): string =>
  "annotations" in target ? printDeclaration(target) : printType(target);

function printStruct({ kind, name, typeParameters, fields }: Struct): string {
  const items = fields.map(
    (each) => `${before(each.annotations)}${printType(each.type)} ${each.name.text};`,
  );
  return `${kind} ${name.text}${generics(typeParameters)} ${braces(items)}`;
}

function printEnum({ underlying, name, members }: Enum): string {
  const type = underlying === undefined ? "" : `${printType(underlying)} `;
  const items = members.map((each) =>
    each.value === undefined
      ? each.name.text
      : `${each.name.text} = ${printExpression(each.value)}`,
  );
  return `enum ${type}${name.text} ${braces([items.join(",\n")])}`;
}

function printMethod(method: Method): string {
  const abstract = method.isAbstract ? "abstract " : "";
  const result = method.result === undefined ? "" : `${printType(method.result)} `;
  return `${before(method.annotations)}${abstract}${result}${signature(method)};`;
}

function printParser(parser: ParserDeclaration): string {
  const { name, typeParameters, parameters, constructorParameters, locals, states } = parser;
  const constructor =
    constructorParameters === undefined ? "" : printParameters(constructorParameters);
  const items = [...locals.map(printLocal), ...states.map(printState)];
  return `parser ${name.text}${generics(typeParameters)}${printParameters(parameters)}${constructor} ${braces(items)}`;
}

const printLocal = (
  local: ParserDeclaration["locals"][number] | ControlDeclaration["locals"][number],
): string => (local.kind === "variable" ? printStatement(local) : printDeclaration(local));

function printState({ annotations, name, statements, transition }: State): string {
  const end = transition === undefined ? [] : [printTransition(transition)];
  return `${before(annotations)}state ${name.text} ${braces([...statements.map(printStatement), ...end])}`;
}

function printTransition(transition: Transition): string {
  if (transition.kind === "goto") return `transition ${transition.state.text};`;
  const keys = transition.keys.map((each) => printExpression(each)).join(", ");
  const cases = transition.cases.map((each) => `${printKeyset(each.keyset)}: ${each.state.text};`);
  return `transition select(${keys}) ${braces(cases)}`;
}

function printControl(control: ControlDeclaration): string {
  const { name, typeParameters, parameters, constructorParameters, locals, body } = control;
  const constructor =
    constructorParameters === undefined ? "" : printParameters(constructorParameters);
  const items = [...locals.map(printLocal), `apply ${printBlock(body)}`];
  return `control ${name.text}${generics(typeParameters)}${printParameters(parameters)}${constructor} ${braces(items)}`;
}

const printActionRef = ({ isGlobal, name, arguments: list }: ActionRef): string =>
  `${isGlobal ? "." : ""}${name.text}${list === undefined ? "" : printArguments(list)}`;

function printProperty(property: TableProperty): string {
  switch (property.kind) {
    case "key": {
      const items = property.elements.map(
        (each) =>
          `${printExpression(each.expression)}: ${each.matchKind.text}${after(each.annotations)};`,
      );
      return `key = ${braces(items)}`;
    }
    case "actions": {
      const items = property.actions.map(
        (each) => `${before(each.annotations)}${printActionRef(each.action)};`,
      );
      return `actions = ${braces(items)}`;
    }
    case "entries": {
      const head = `${before(property.annotations)}${property.isConst ? "const " : ""}entries`;
      return `${head} = ${braces(property.entries.map(printEntry))}`;
    }
    case "property": {
      const { annotations, isConst, name, value } = property;
      const head = `${before(annotations)}${isConst ? "const " : ""}${name.text}`;
      return `${head} = ${printExpression(value)};`;
    }
  }
}

function printEntry({ isConst, priority, keyset, action, annotations }: Entry): string {
  const head = isConst ? "const " : "";
  const rank = priority === undefined ? "" : `priority = ${printPriority(priority)}: `;
  return `${head}${rank}${printKeyset(keyset)}: ${printActionRef(action)}${after(annotations)};`;
}

function printPriority(priority: Keyset): string {
  const text = printKeyset(priority);
  return priority.kind === "integer" ? text : `(${text})`;
}

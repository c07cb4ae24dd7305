/** Rules about declarations that need neither types nor other declarations. */
import type { Name, Parameter } from "../syntax/ast.ts";
import type {
  ControlDeclaration,
  Extern,
  FunctionDeclaration,
  Instantiation,
  ParserDeclaration,
  Table,
} from "../syntax/ast-program.ts";
import { type Inside, judgeBlock, judgeStatements } from "./bodies.ts";
import { distinct, type Findings } from "./report.ts";

/** The names of declarations. */
export const namesOf = (list: readonly { readonly name: Name }[]): readonly Name[] =>
  list.map(({ name }) => name);

/** Judges parameters of anything: their names and default values (section 6.8). */
export function judgeParameters(found: Findings, parameters: readonly Parameter[]): void {
  distinct(found, namesOf(parameters), "parameter");
  for (const { name, direction, defaultValue, annotations } of parameters) {
    if (defaultValue === undefined) continue;
    if (direction === "out" || direction === "inout")
      found.add("P407", { span: defaultValue.span }, { direction, name: name.text });
    if (annotations.some((each) => each.name.text === "optional"))
      found.add("P408", { span: defaultValue.span }, { name: name.text });
  }
}

/** Judges parameters whose arguments are known when the program is compiled: they have no direction (section 6.8). */
export function judgeConstructorParameters(
  found: Findings,
  parameters: readonly Parameter[],
  what: string,
): void {
  judgeParameters(found, parameters);
  for (const { name, direction, span } of parameters) {
    if (direction !== undefined) found.add("P406", { span }, { name: name.text, what, direction });
  }
}

/** Judges an action's parameters: those for the control plane come last (section 14.1). */
export function judgeActionParameters(found: Findings, parameters: readonly Parameter[]): void {
  judgeParameters(found, parameters);
  const first = parameters.findIndex(({ direction }) => direction === undefined);
  const late = parameters.find(
    (each, at) => first >= 0 && at > first && each.direction !== undefined,
  );
  if (late === undefined) return;
  const before = parameters[first];
  const related =
    before === undefined ? [] : [{ message: "this one has no direction", span: before.span }];
  found.add("P409", { span: late.span, related }, { name: late.name.text });
}

/** Judges an extern's methods: a constructor has the extern's name, and is not abstract (section 7.2.9.2). */
export function judgeExtern(found: Findings, { name, methods, typeParameters }: Extern): void {
  distinct(found, typeParameters, "type parameter");
  for (const method of methods) {
    distinct(found, method.typeParameters, "type parameter");
    if (method.result !== undefined) judgeParameters(found, method.parameters);
    else {
      judgeConstructorParameters(found, method.parameters, `the constructor of ${name.text}`);
      judgeConstructorName(found, name, method);
    }
  }
}

function judgeConstructorName(
  found: Findings,
  owner: Name,
  { name, isAbstract }: Extern["methods"][number],
): void {
  if (name.text !== owner.text)
    found.add("P410", { span: name.span }, { name: name.text, owner: owner.text });
  else if (isAbstract) found.add("P411", { span: name.span }, { name: name.text });
}

/** Judges a function: its parameters, and what its body returns (sections 10 and 12.4). */
export function judgeFunction(found: Findings, each: FunctionDeclaration): void {
  const { result, body, typeParameters, parameters } = each;
  distinct(found, typeParameters, "type parameter");
  judgeParameters(found, parameters);
  const isVoid = result.kind === "base type" && result.name === "void";
  const returns = isVoid ? "nothing" : "a value";
  const what = isVoid ? "a function without a result" : "a function with a result";
  judgeBlock(found, body, { what, isLoop: false, returns, mayExit: false });
}

/** Judges what an instance is given: the implementations of abstract methods, and instances for them (section 11.3.1). */
export function judgeInstance(found: Findings, { initializer = [] }: Instantiation): void {
  for (const each of initializer)
    if (each.kind === "function") judgeFunction(found, each);
    else judgeInstance(found, each);
}

const inParser: Inside = { what: "a parser", isLoop: false, returns: "nothing", mayExit: false };
const inControl: Inside = { what: "a control", isLoop: false, returns: "nothing", mayExit: true };

/** Judges names that a parser or control shares between its type parameters, parameters and constructor's parameters. */
function judgeHead(found: Findings, block: ParserDeclaration | ControlDeclaration): void {
  const { typeParameters, parameters, constructorParameters = [] } = block;
  const own = [...namesOf(parameters), ...namesOf(constructorParameters)];
  distinct(found, typeParameters, "type parameter");
  for (const each of namesOf(constructorParameters)) {
    const same = namesOf(parameters).find(({ text }) => text === each.text);
    if (same !== undefined) distinct(found, [same, each], "parameter");
  }
  for (const each of typeParameters) {
    const same = own.find(({ text }) => text === each.text);
    if (same !== undefined) distinct(found, [each, same], "parameter");
  }
}

/** Judges a parser: its states and what is in them (section 13). */
export function judgeParser(found: Findings, parser: ParserDeclaration): void {
  const { name, parameters, constructorParameters = [], locals, states } = parser;
  judgeHead(found, parser);
  judgeParameters(found, parameters);
  judgeConstructorParameters(found, constructorParameters, `parser ${name.text}`);
  distinct(found, [...namesOf(locals), ...namesOf(states)], "name");
  for (const local of locals) if (local.kind === "instantiation") judgeInstance(found, local);
  for (const state of states) {
    if (state.name.text === "accept" || state.name.text === "reject")
      found.add("P412", { span: state.name.span }, { name: state.name.text });
    judgeStatements(found, state.statements, inParser);
  }
  if (states.length > 0 && !states.some((each) => each.name.text === "start"))
    found.add("P413", { span: name.span }, { name: name.text });
}

/** Judges a control: its tables and actions, and its apply block (section 14). */
export function judgeControl(found: Findings, control: ControlDeclaration): void {
  const { name, parameters, constructorParameters = [], locals, body } = control;
  judgeHead(found, control);
  judgeParameters(found, parameters);
  judgeConstructorParameters(found, constructorParameters, `control ${name.text}`);
  distinct(found, namesOf(locals), "name");
  for (const local of locals) {
    if (local.kind === "table") judgeTable(found, local);
    if (local.kind === "instantiation") judgeInstance(found, local);
    if (local.kind !== "action") continue;
    judgeActionParameters(found, local.parameters);
    judgeBlock(found, local.body, { ...inControl, what: "an action" });
  }
  judgeBlock(found, body, inControl);
}

/** Judges which properties a table has (section 14.2). */
function judgeTable(found: Findings, { name, properties }: Table): void {
  const has = (kind: Table["properties"][number]["kind"]): boolean =>
    properties.some((each) => each.kind === kind);
  if (!has("actions")) found.add("P414", { span: name.span }, { name: name.text });
  const entries = properties.find((each) => each.kind === "entries");
  if (entries !== undefined && !has("key"))
    found.add("P415", { span: entries.span }, { name: name.text });
}

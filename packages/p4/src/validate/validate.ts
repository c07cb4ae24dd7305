/**
 * Rules of the specification that need no types: which names may stand twice, which parameters may have directions and default values,
 * where `return`, `exit`, `break` and `continue` may stand. They are judged on the tree as it was read, before names are resolved.
 */
import type { Diagnostic } from "../source/diagnostic.ts";
import type { Declaration, Program, Typedef } from "../syntax/ast-program.ts";
import { judgeBlock } from "./bodies.ts";
import {
  judgeActionParameters,
  judgeConstructorParameters,
  judgeControl,
  judgeExtern,
  judgeFunction,
  judgeInstance,
  judgeParameters,
  judgeParser,
  namesOf,
} from "./declarations.ts";
import { distinct, type Findings, findings } from "./report.ts";

/** Judges a program that was read without errors. */
export function validate({ declarations }: Program): readonly Diagnostic[] {
  const found = findings();
  distinct(found, declarations.flatMap(uniqueNames), "name");
  judgeFunctionNames(found, declarations);
  distinct(found, declarations.flatMap(members("error")), "error");
  distinct(found, declarations.flatMap(members("match_kind")), "match kind");
  for (const each of declarations) judge(found, each);
  return found.list;
}

/** The name that a declaration of the top level takes for itself alone: functions may share theirs (section 6.9). */
function uniqueNames(each: Declaration): ReturnType<typeof namesOf> {
  if (each.kind === "function" || each.kind === "extern function") return [];
  return "name" in each ? [each.name] : [];
}

/** A function's name is that of functions only. */
function judgeFunctionNames(found: Findings, declarations: readonly Declaration[]): void {
  const others = new Map(declarations.flatMap(uniqueNames).map((name) => [name.text, name]));
  for (const each of declarations) {
    if (each.kind !== "function" && each.kind !== "extern function") continue;
    const other = others.get(each.name.text);
    if (other !== undefined) distinct(found, [other, each.name], "name");
  }
}

const members =
  (kind: "error" | "match_kind") =>
  (each: Declaration): ReturnType<typeof namesOf> =>
    each.kind === kind ? each.members : [];

function judge(found: Findings, each: Declaration): void {
  switch (each.kind) {
    case "parser":
      judgeParser(found, each);
      return;
    case "control":
      judgeControl(found, each);
      return;
    case "extern":
      judgeExtern(found, each);
      return;
    case "action":
      judgeActionParameters(found, each.parameters);
      judgeBlock(found, each.body, {
        what: "an action",
        isLoop: false,
        returns: "nothing",
        mayExit: true,
      });
      return;
    case "function":
      judgeFunction(found, each);
      return;
    case "instantiation":
      judgeInstance(found, each);
      return;
    case "package":
      judgeConstructorParameters(found, each.parameters, `package ${each.name.text}`);
      return;
    case "parser type":
    case "control type":
    case "extern function":
      distinct(found, each.typeParameters, "type parameter");
      judgeParameters(found, each.parameters);
      return;
    case "struct":
    case "header":
    case "header_union":
    case "enum":
    case "typedef":
    case "type":
      judgeType(found, each);
      return;
    case "constant":
    case "value set":
    case "error":
    case "match_kind":
  }
}

function judgeType(found: Findings, type: Declaration | Typedef["target"]): void {
  if (type.kind === "typedef" || type.kind === "type") judgeType(found, type.target);
  else if (type.kind === "enum") distinct(found, namesOf(type.members), "member");
  else if (type.kind === "struct" || type.kind === "header" || type.kind === "header_union") {
    distinct(found, type.typeParameters, "type parameter");
    distinct(found, namesOf(type.fields), "field");
  }
}

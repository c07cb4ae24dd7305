/**
 * Warnings about programs without errors: what is unused, hidden, never reached, read before it is set, or cannot be. The include files
 * of architectures are not judged; `@noWarn("kind")` silences a kind. All costs grow as programs do.
 */
import type { Program, State } from "../ir/declaration.ts";
import type { Statement } from "../ir/statement.ts";
import { includedFiles } from "../architectures/index.ts";
import type { Uses } from "../names/uses.ts";
import type { Diagnostic } from "../source/diagnostic.ts";
import type { SourceFile } from "../source/file.ts";
import type { Program as Syntax } from "../syntax/ast-program.ts";
import { type Findings, findings } from "../validate/report.ts";
import { tellConstant } from "./compare.ts";
import { tellUninitialised } from "./initialised.ts";
import { type Judging, tellEntries, tellMissing, tellSelect, tellSwitch } from "./keysets.ts";
import { tellUnreached } from "./reach.ts";
import { silencer } from "./silence.ts";
import { tellStates } from "./states.ts";
import { bodiesOf, eachPart, eachStatement, expressionsIn } from "./tree.ts";

/** What warnings are about: the typed program, which names it uses, and the file that was asked for. */
export type Warned = {
  readonly program: Program;
  readonly uses: Uses;
  readonly syntax: Syntax;
  readonly file: SourceFile;
};

/** So many warnings are told. */
const MOST = 100;

/** The warnings about a program, in the order of its text. */
export function warningsOf(warned: Warned): readonly Diagnostic[] {
  const found = findings();
  tellNames(found, warned);
  tellBodies(found, warned.program);
  tellUninitialised(found, warned.program);
  const isSilenced = found.list.length === 0 ? () => false : silencer(warned.syntax);
  const told = once(found.list.filter(isOwn)).filter((each) => !isSilenced(each));
  return told.toSorted(byPlace).slice(0, MOST);
}

const architectureTexts: ReadonlySet<string> = new Set(includedFiles.values());

const isOwn = ({ span }: Pick<Diagnostic, "span">): boolean =>
  !architectureTexts.has(span.file.text);

/** What is generic is judged for each choice of types, but told once. */
function once(list: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return list.filter(({ code, span, message }) => {
    const key = `${code} ${span.start} ${span.file.name} ${message}`;
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  });
}

/** Files in the order of their names, as included ones are told apart. */
function byPlace({ span: left }: Diagnostic, { span: right }: Diagnostic): number {
  if (left.file.name === right.file.name) return left.start - right.start;
  return left.file.name < right.file.name ? -1 : 1;
}

/**
 * Names that nothing uses, and that hide others. At the top level only those of a whole program's own file are told: what others include
 * is there for whom it may concern.
 */
function tellNames(found: Findings, { program, uses, file }: Warned): void {
  const isWhole = program.instances.some(({ name }) => name === "main");
  for (const { what, name, span, isTop } of uses.declared.values()) {
    const isTold = !isTop || (isWhole && name !== "main" && span.file.text === file.text);
    if (isTold && !uses.used.has(span)) found.add("P701", { span }, { what, name });
  }
  for (const { what, name, span, hidden } of uses.hiding.values()) {
    if (!isOwn({ span: hidden.span })) continue;
    const related = [{ message: "this one is hidden", span: hidden.span }];
    found.add("P702", { span, related }, { what, name, hidden: `the ${hidden.what}` });
  }
}

function tellBodies(found: Findings, program: Program): void {
  const { parsers, controls, errors } = program;
  for (const body of bodiesOf(program)) {
    tellUnreached(found, body);
    eachStatement(body, (statement) => {
      if (statement.kind === "value switch") tellSwitch(found, statement);
      for (const expr of expressionsIn(statement))
        eachPart(expr, (part) => tellConstant(found, part));
    });
  }
  const judging: Judging = { found, errors };
  for (const parser of parsers) {
    tellStates(found, parser);
    for (const state of parser.states) tellTransition(judging, state);
  }
  for (const { locals } of controls)
    for (const local of locals) if (local.kind === "table") tellEntries(judging, local);
}

/** What `verify` lets through is not known, so behind it a select may leave values out. */
function tellTransition(judging: Judging, { body, transition }: State): void {
  if (transition.kind !== "select") return;
  for (const key of transition.keys) eachPart(key, (part) => tellConstant(judging.found, part));
  tellSelect(judging, transition);
  if (!body.some(isVerify)) tellMissing(judging, transition);
}

function isVerify(statement: Statement): boolean {
  if (statement.kind !== "call statement") return false;
  const { callee } = statement.call;
  return callee.kind === "extern function" && callee.function.name === "verify";
}

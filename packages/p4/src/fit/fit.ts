/** Whether a target can run a program (I9): each thing that does not fit is told with its place, and with what to do. */
import type { Tree } from "../eval/instances.ts";
import type { Program } from "../ir/declaration.ts";
import type { CallExpr, Expr } from "../ir/expression.ts";
import { type Code, codeOf } from "../resources/code.ts";
import { resourcesOf } from "../resources/resources.ts";
import { filled, type Finding } from "../source/diagnostic.ts";
import type { Span } from "../source/file.ts";
import { CONSTRUCT_ENTRIES, type Entry, GENERAL, LIMIT_ENTRIES } from "./catalogue.ts";
import { type Measure, measuresOf } from "./measures.ts";
import type { Construct, Limit, Profile } from "./profile.ts";
import { type Use, usesOf } from "./uses.ts";

/** The answer. */
export type Fit = {
  readonly target: string;
  readonly fits: boolean;
  readonly findings: readonly Finding[];
  /** Limits and constructs that matter to the program and of which the target says nothing. */
  readonly unstated: readonly string[];
};

type Fields = { readonly [name: string]: string };

/** Judges a program against a target. */
export function fit(program: Program, tree: Tree, profile: Profile): Fit {
  const codes = codeOf(tree);
  const resources = resourcesOf(program, tree);
  const uses = usesOf(codes, tree);
  const measures = measuresOf(tree, codes, resources);
  const findings = [
    ...architectureFindings(resources.architecture, tree, profile),
    ...kindFindings(tree, profile),
    ...externFindings(codes, tree, profile),
    ...measures.flatMap((each) => limitFinding(each, profile)),
    ...uses.flatMap((each) => constructFinding(each, profile)),
  ];
  const target = profile.name;
  return {
    target,
    fits: findings.length === 0,
    findings,
    unstated: unstated(profile, { uses, measures }),
  };
}

function finding({ code, message, hint }: Entry, span: Span, fields: Fields): Finding {
  return {
    code,
    severity: "error",
    message: filled(message, fields),
    span,
    related: [],
    hint: filled(hint, fields),
  };
}

const list = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));

function architectureFindings(found: string, { main }: Tree, profile: Profile): readonly Finding[] {
  const { name: target, architectures } = profile;
  if (main === undefined || architectures.includes(found)) return [];
  const given = architectures.length === 0 ? "no P4" : list(architectures);
  const fields = { target, given, found: found === "" ? "an architecture of its own" : found };
  return [finding(GENERAL.architecture, main.instance.span, fields)];
}

function kindFindings({ tables }: Tree, { name: target, matchKinds }: Profile): readonly Finding[] {
  if (matchKinds === undefined) return [];
  const given = list(matchKinds);
  return tables
    .flatMap(({ table }) => table.keys)
    .filter(({ matchKind }) => !matchKinds.includes(matchKind))
    .map(({ matchKind, span }) =>
      finding(GENERAL.matchKind, span, { target, given, found: matchKind }),
    );
}

/** What core.p4 gives every target. */
const CORE: ReadonlySet<string> = new Set(["packet_in", "packet_out", "verify", "static_assert"]);

type Named = { readonly name: string; readonly span: Span };

function externsIn(codes: readonly Code[], { externs }: Tree): readonly Named[] {
  const objects = externs.map(({ instance }) => ({
    name: "name" in instance.type ? instance.type.name : "",
    span: instance.span,
  }));
  const called = codes.flatMap(({ expressions }) =>
    expressions.filter(isExternCall).map(({ callee, span }) => ({
      name: callee.kind === "extern function" ? callee.function.name : "",
      span,
    })),
  );
  const functions = [...new Map(called.toReversed().map((each) => [each.name, each])).values()];
  return [...objects, ...functions.toReversed()].filter(({ name }) => !CORE.has(name));
}

const isExternCall = (expr: Expr): expr is CallExpr =>
  expr.kind === "call" && expr.callee.kind === "extern function";

function externFindings(codes: readonly Code[], tree: Tree, profile: Profile): readonly Finding[] {
  const { name: target, externs, missingExterns } = profile;
  const isMissing = ({ name }: Named): boolean =>
    missingExterns.includes(name) || (externs !== undefined && !externs.includes(name));
  const given =
    externs === undefined ? "the others of its architecture" : `${externs.length} others`;
  return externsIn(codes, tree)
    .filter(isMissing)
    .map(({ name, span }) => finding(GENERAL.extern, span, { target, given, found: name }));
}

function limitFinding(
  { limit, name, found, span }: Measure,
  { name: target, limits }: Profile,
): readonly Finding[] {
  const given = limits.get(limit);
  if (given === undefined || found <= given) return [];
  const fields = { target, name, found: String(found), given: String(given) };
  return [finding(LIMIT_ENTRIES[limit], span, fields)];
}

function constructFinding(
  { construct, found, span }: Use,
  { name: target, constructs }: Profile,
): readonly Finding[] {
  if (constructs.get(construct) !== false) return [];
  return [finding(CONSTRUCT_ENTRIES[construct], span, { target, found })];
}

type Asked = { readonly uses: readonly Use[]; readonly measures: readonly Measure[] };

function unstated({ limits, constructs }: Profile, { uses, measures }: Asked): readonly string[] {
  const asked: readonly Limit[] = measures
    .filter(({ found }) => found > 0)
    .map(({ limit }) => limit);
  const used: readonly Construct[] = uses.map(({ construct }) => construct);
  return [
    ...new Set([
      ...asked.filter((limit) => !limits.has(limit)),
      ...used.filter((construct) => !constructs.has(construct)),
    ]),
  ].toSorted();
}

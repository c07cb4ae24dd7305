/** All that is judged of a program: preprocessor, syntax, rules, types, instances. */
import type { Tree } from "./eval/instances.ts";
import type { Program } from "./ir/declaration.ts";
import { parse } from "./parse/parse.ts";
import type { ReadOptions } from "./preprocess/job.ts";
import { preprocess } from "./preprocess/preprocess.ts";
import { type Diagnostic, hasErrors } from "./source/diagnostic.ts";
import type { Program as Syntax } from "./syntax/ast-program.ts";
import { checkProgram } from "./types/check.ts";
import { validate } from "./validate/validate.ts";
import { silencer } from "./warn/silence.ts";
import { warningsOf } from "./warn/warnings.ts";

/** A program that was judged: typed, with its instances, unless it has errors. */
export type Analysed = {
  readonly program: Program | undefined;
  readonly tree: Tree | undefined;
  readonly diagnostics: readonly Diagnostic[];
};

/** Reads a program from a file and judges it. Later stages need earlier ones without errors. */
export function analyse(name: string, options: ReadOptions): Analysed {
  const { tokens, files, diagnostics: before } = preprocess(name, options);
  const parsed = parse(tokens);
  const read = [...before, ...parsed.diagnostics];
  if (hasErrors(read)) return rejected(read);
  const ruled = [...read, ...validate(parsed.program)];
  if (hasErrors(ruled)) return rejected(ruled);
  const { program, tree, diagnostics: typed, uses } = checkProgram(parsed.program);
  const told = typed.length === 0 ? typed : unsilenced(typed, parsed.program);
  const [file] = files;
  const warnings =
    program === undefined || file === undefined
      ? []
      : warningsOf({ program, uses, syntax: parsed.program, file });
  return { program, tree, diagnostics: [...ruled, ...told, ...warnings] };
}

function unsilenced(list: readonly Diagnostic[], syntax: Syntax): readonly Diagnostic[] {
  const isSilenced = silencer(syntax);
  return list.filter((each) => !isSilenced(each));
}

const rejected = (diagnostics: readonly Diagnostic[]): Analysed => ({
  program: undefined,
  tree: undefined,
  diagnostics,
});

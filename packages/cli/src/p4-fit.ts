/** `seam p4 resources` and `seam p4 fit`: what a program needs, and whether a target has it. */
import {
  analyse,
  type Analysed,
  diagnosticJson,
  fit,
  type Fit,
  type Profile,
  profileOf,
  renderDiagnostic,
  resourcesOf,
  resourcesText,
  targetNamed,
} from "@seam/p4";
import { CommanderError } from "commander";
import { MISUSED } from "./definition.ts";
import { type PreprocessOptions, programFiles, tell } from "./p4.ts";
import { print } from "./session.ts";

function analysed(name: string, { include, define }: PreprocessOptions): Analysed {
  const read = analyse(name, { sources: programFiles, folders: include, defines: define });
  tell(read.diagnostics);
  return read;
}

/** The action of `seam p4 resources`. */
export function resourcesOfFile(name: string, options: PreprocessOptions): void {
  const { program, tree } = analysed(name, options);
  if (program === undefined || tree === undefined) return;
  const resources = resourcesOf(program, tree);
  if (options.json === true) print(JSON.stringify({ file: name, ...resources }));
  else process.stdout.write(resourcesText(resources));
}

const wrong = (message: string): CommanderError => new CommanderError(2, MISUSED, message);

/** A target by its name, or by the name of its file, which has a dot or a slash in it. */
function profileNamed(target: string): Profile {
  if (!/[./]/.test(target)) {
    const known = targetNamed(target);
    if (known.ok) return known.value;
    throw wrong(known.error.join("\n"));
  }
  const text = programFiles.read(target);
  if (text === undefined) throw wrong(`cannot read the target ${target}`);
  const profile = profileOf(parsed(text, target));
  if (profile.ok) return profile.value;
  throw wrong(profile.error.map((each) => `${target}: ${each}`).join("\n"));
}

function parsed(text: string, target: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(`${target}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type FitOptions = PreprocessOptions & { readonly target: string };

/** The action of `seam p4 fit`: ends with 0 when the program fits, with 1 when it does not or is no program, with 2 when this fails. */
export function fitFile(name: string, options: FitOptions): void {
  const profile = profileNamed(options.target);
  try {
    const { program, tree } = analysed(name, options);
    if (program === undefined || tree === undefined) return;
    const answer = fit(program, tree, profile);
    if (options.json === true) print(fitJson(name, answer));
    else tellFit(name, answer);
    if (!answer.fits) process.exitCode = 1;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${name}: the check failed, which is an error of seam\n${text}\n`);
    process.exitCode = 2;
  }
}

const fitJson = (file: string, { target, fits, findings, unstated }: Fit): string =>
  JSON.stringify({
    file,
    target,
    fits,
    findings: findings.map((each) => ({ ...diagnosticJson(each), hint: each.hint })),
    unstated,
  });

function tellFit(name: string, { target, fits, findings, unstated }: Fit): void {
  for (const each of findings) process.stderr.write(`${renderDiagnostic(each)}\n`);
  if (!fits) {
    const many = findings.length === 1 ? "finding" : "findings";
    print(`${name} does not fit ${target}: ${findings.length} ${many}`);
    return;
  }
  const open =
    unstated.length === 0 ? "" : `, as far as is stated; not stated: ${unstated.join(", ")}`;
  print(`${name} fits ${target}${open}`);
}

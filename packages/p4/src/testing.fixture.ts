/** What the tests of this package share: texts as files, programs read, cases of one file. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { analyse, type Analysed } from "./analyse.ts";
import { parse } from "./parse/parse.ts";
import type { Job, Sources } from "./preprocess/job.ts";
import { preprocess } from "./preprocess/preprocess.ts";
import { renderDiagnostic } from "./source/diagnostic.ts";
import type { Program } from "./syntax/ast-program.ts";

const root = path.join(import.meta.dirname, "..");

/** Files that exist only in a test. */
export const textSources = (files: { readonly [name: string]: string }): Sources => ({
  read: (name) => files[name],
});

/** The tokens of a text that is called `program.p4`. */
export const tokensOfText = (text: string, defines: readonly string[] = []): Job =>
  preprocess("program.p4", { sources: textSources({ "program.p4": text }), defines });

/** All that is judged of a text. */
export const analysedText = (text: string): Analysed =>
  analyse("program.p4", { sources: textSources({ "program.p4": text }) });

/** A text read as a program whose syntax is right. */
export function soundProgram(text: string): Program {
  const { tokens, diagnostics: before } = tokensOfText(text);
  const { program, diagnostics: behind } = parse(tokens);
  const diagnostics = [...before, ...behind];
  if (diagnostics.length > 0) throw new Error(diagnostics.map(renderDiagnostic).join("\n"));
  return program;
}

/** A program in a file of its own, and its test in STF when it has one. */
type OwnProgram = { readonly name: string; readonly text: string; readonly stf?: string };

function programsIn(folder: string): readonly OwnProgram[] {
  const files = readdirSync(folder);
  const textOf = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  return files
    .filter((name) => name.endsWith(".p4"))
    .map((name) => {
      const test = name.replace(/p4$/, "stf");
      return { name, text: textOf(name), ...(files.includes(test) && { stf: textOf(test) }) };
    });
}

/** The programs that users are shown. */
export const ownPrograms = programsIn(path.join(root, "../../examples/p4"));

/** Programs that go through the language section by section. */
export const languagePrograms = programsIn(path.join(root, "programs"));

export const allPrograms: readonly OwnProgram[] = [...ownPrograms, ...languagePrograms];

/** A case of a file: a program, and what is told of it. */
export type Case = { readonly name: string; readonly program: string; readonly told: string };

const casesIn = (text: string): readonly Case[] =>
  text
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [head = "", told = ""] = part.split(/^---\n/m);
      const [name = "", ...lines] = head.split("\n");
      return { name, program: lines.join("\n"), told: told.trimEnd() };
    });

/** All cases of the folder `cases`, by file. */
export const caseFiles = (): readonly {
  readonly file: string;
  readonly cases: readonly Case[];
}[] =>
  readdirSync(path.join(root, "cases")).map((name) => {
    const file = path.join(root, "cases", name);
    return { file, cases: casesIn(readFileSync(file, "utf8")) };
  });

/** Writes cases back, each with what is told of it now. */
export function writeCases(file: string, cases: readonly Case[]): void {
  const texts = cases.map(({ name, program, told }) => `=== ${name}\n${program}---\n${told}\n`);
  writeFileSync(file, texts.join(""));
}

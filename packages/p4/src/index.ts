/**
 * P4-16 (specification 1.2.5): from text to a syntax tree, and back. Pure: files come through a door that is handed in. Nothing throws
 * for a program's sake: what is wrong with it is told as diagnostics.
 */
export { analyse, type Analysed } from "./analyse.ts";
export { p4InfoOf } from "./info/info.ts";
export type { P4Info } from "./info/p4info.ts";
export { protoJson, protoText } from "./info/text.ts";
export { entriesOf, type WriteRequest } from "./info/entries.ts";
export { fit, type Fit } from "./fit/fit.ts";
export { type Profile, profileOf } from "./fit/profile.ts";
export type { Resources } from "./resources/needs.ts";
export { resourcesOf } from "./resources/resources.ts";
export { resourcesText } from "./resources/text.ts";
export { targetNamed, targetNames } from "./targets/index.ts";
export { format } from "./format/format.ts";
export { type Parsed, parse } from "./parse/parse.ts";
export type { Job, ReadOptions, Sources } from "./preprocess/job.ts";
export { preprocess } from "./preprocess/preprocess.ts";
export { preprocessedText } from "./preprocess/text.ts";
export { printProgram } from "./print/program.ts";
export {
  type Diagnostic,
  diagnosticJson,
  type DiagnosticJson,
  hasErrors,
  renderDiagnostic,
} from "./source/diagnostic.ts";
export type { Program } from "./syntax/ast-program.ts";
export { validate } from "./validate/validate.ts";
export type { SourceFile } from "./source/file.ts";
export { type NotRun, simulateFile } from "./interpret/load.ts";
export type { TraceEvent } from "./interpret/machine.ts";
export { traceText } from "./interpret/trace.ts";
export type { SimulateOptions } from "./interpret/simulate.ts";
export { parseStf, type StfError } from "./stf/parse.ts";
export { runStf, type StfFailure, type StfReport } from "./stf/run.ts";
export type { Statement } from "./stf/statement.ts";
export type { Packet, Switch } from "./stf/switch.ts";

/** Programs of this machine that belong to a lab: they end with it. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { labFolders } from "./layout.ts";
import { readText, recordedProcess, recordProcess, waitUntil } from "./processes.ts";

/** A program, and the line by which it tells that it works. */
export type LabProgram = {
  /** Its name among the lab's processes and logs. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly says: RegExp;
};

const PATIENCE_SECONDS = 30;

/** Starts a program unless it runs; answers what the line says that `says` finds in its log. */
export async function keepProgram(lab: string, { name, argv, says }: LabProgram): Promise<string> {
  const { state, run } = labFolders(lab);
  const log = `${state}/log/${name}.log`;
  const said = (): string | undefined => says.exec(readText(log) ?? "")?.[0];
  if (recordedProcess(run, name) === undefined) start(run, { name, argv, log });
  await waitUntil(
    `${name} (look at: seam lab logs --name ${lab} ${name})`,
    PATIENCE_SECONDS,
    () => {
      if (recordedProcess(run, name) === undefined)
        throw new Error(`${name} ended: ${(readText(log) ?? "").trim()}`);
      return said() !== undefined;
    },
  );
  return said() ?? "";
}

type Started = { readonly name: string; readonly argv: readonly string[]; readonly log: string };

function start(run: string, { name, argv, log }: Started): void {
  const [program = "", ...parameters] = argv;
  const file = openSync(log, "w");
  const child = spawn(program, parameters, { detached: true, stdio: ["ignore", file, file] });
  closeSync(file);
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  recordProcess(run, name, child.pid);
  child.unref();
}

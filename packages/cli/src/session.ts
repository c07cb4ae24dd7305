/** What every command that speaks to a cluster shares: its options, the connection, how it prints and fails. */
import { existsSync } from "node:fs";
import { millis, type Millis } from "@seam/base";
import {
  createSeam,
  findKind,
  formatError,
  type KnownKind,
  type Seam,
  type SeamError,
} from "@seam/client";
import { labStatus } from "@seam/lab";
import { type Command, InvalidArgumentError } from "commander";
import { defaultLab } from "./lab.ts";

/** Which cluster and which namespace. */
export type Target = {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
};

/** Adds the options of `Target` to a command. */
export const withTarget = (command: Command): Command =>
  command
    .option("-n, --namespace <name>", "namespace; default: that of the context")
    .option("--kubeconfig <file>", "default: KUBECONFIG, else the running lab, else ~/.kube/config")
    .option("--context <name>", "context of the kubeconfig");

/** Runs `use` with a connection; a failure to connect is told like any other. */
export async function withSeam(target: Target, use: (seam: Seam) => Promise<void>): Promise<void> {
  const kubeconfig = target.kubeconfig ?? (await labKubeconfig());
  const opened = createSeam({ ...target, ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  if (!opened.ok) {
    fail(opened.error);
    return;
  }
  using seam = opened.value;
  await use(seam);
}

/** The local lab's kubeconfig when nothing else is named and the lab is up. */
async function labKubeconfig(): Promise<string | undefined> {
  if ((process.env["KUBECONFIG"] ?? "") !== "") return undefined;
  const { kubeconfig, processes } = await labStatus(defaultLab);
  const forwarder = processes.find((each) => each.name === "forwarder");
  return forwarder?.pid !== undefined && existsSync(kubeconfig) ? kubeconfig : undefined;
}

/** Prints a line. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Tells a failure; the process ends with 1. */
export function fail(error: SeamError): void {
  process.stderr.write(`seam: ${formatError(error)}\n`);
  process.exitCode = 1;
}

/** Parses the argument KIND. */
export function kindArgument(word: string): KnownKind {
  const found = findKind(word);
  if (!found.ok) throw new InvalidArgumentError(formatError(found.error));
  return found.value;
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Parses a duration such as 90s, 2m or 1h. */
export function durationArgument(text: string): Millis {
  const [, count = "", unit = ""] = /^([1-9][0-9]*)(ms|s|m|h)$/.exec(text) ?? [];
  const scale = UNITS[unit];
  if (scale === undefined) {
    throw new InvalidArgumentError("Expected a duration in ms, s, m or h, for example 120s.");
  }
  return millis(Number(count) * scale);
}

/** `seam doctor`: what this machine lacks for a lab, and what a cluster lacks for Seam. */
import { existsSync } from "node:fs";
import { createSeam, gatherCluster } from "@seam/client";
import { gatherMachine, labStatus } from "@seam/lab";
import {
  type Check,
  checksText,
  clusterChecks,
  machineChecks,
  unreachable,
} from "./doctor-checks.ts";
import { defaultLab } from "./definition.ts";
import { print } from "./session.ts";

type DoctorFlags = {
  readonly output: "table" | "json";
  readonly kubeconfig?: string;
  readonly context?: string;
};

type Area = Check["area"];

/** The action of `seam doctor`. */
export async function doctor(area: Area | undefined, flags: DoctorFlags): Promise<void> {
  const kubeconfig = flags.kubeconfig ?? (await namedCluster());
  const withCluster = area === "cluster" || (area === undefined && kubeconfig !== undefined);
  const checks = [
    ...(area === "cluster" ? [] : machineChecks(gatherMachine())),
    ...(withCluster ? await checkCluster(flags, kubeconfig) : []),
  ];
  print(flags.output === "json" ? JSON.stringify({ checks }, null, 2) : checksText(checks));
  if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
}

/** The kubeconfig that the environment names, else the local lab's; a machine without either has no cluster. */
async function namedCluster(): Promise<string | undefined> {
  const named = process.env["KUBECONFIG"] ?? "";
  if (named !== "") return named;
  const { kubeconfig } = await labStatus(defaultLab);
  return existsSync(kubeconfig) ? kubeconfig : undefined;
}

async function checkCluster(
  { context }: DoctorFlags,
  kubeconfig: string | undefined,
): Promise<readonly Check[]> {
  const opened = createSeam({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!opened.ok) return unreachable(opened.error);
  using seam = opened.value;
  const facts = await gatherCluster(seam.kube);
  return facts.ok ? clusterChecks(facts.value) : unreachable(facts.error);
}

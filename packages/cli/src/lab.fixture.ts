/** A lab by its name, as the tests of whole clusters use it: its commands, its nodes, the world outside, and what is left of it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { labExec } from "@seam/lab";

const root = path.resolve(import.meta.dirname, "../../..");
const kubectlProgram = `${process.env["SEAM_BIN"] ?? "SEAM_BIN names the folder of Go tools"}/kubectl`;
const execute = promisify(execFile);
const options = { maxBuffer: 1 << 26 };

/**
 * How long tests wait for what takes moments on a quiet machine. Requirements that say how soon are measured by benchmarks: a machine
 * that tests share may stand still for seconds.
 */
export const PATIENCE_MS = 30_000;

/** A round trip, in µs, that took longer was cut off and not just slow. */
export const CUT_US = 5_000_000;

/** What can be done with a lab. */
export type TestLab = {
  readonly name: string;
  readonly kubeconfig: string;
  /** Runs `seam`; `lab` commands name the lab, all others its kubeconfig. */
  readonly seam: (...argv: readonly string[]) => Promise<string>;
  readonly kubectl: (...argv: readonly string[]) => Promise<string>;
  /** Rejects with the words of kubectl. */
  readonly apply: (...objects: readonly object[]) => Promise<void>;
  /** Applies a manifest, whoever has applied its objects before. */
  readonly applyText: (manifest: string) => Promise<void>;
  /** What a command of the shell prints on a node. */
  readonly onNode: (node: string, script: string) => Promise<string>;
  /** What a command prints in a pod of the namespace default. */
  readonly inPod: (pod: string, ...command: readonly string[]) => Promise<string>;
  /** Starts a port forward to Seam's server (`deployment/seam-server` or its service): where it is, and what to end. */
  readonly forwardServer: (what: string) => Promise<Forward>;
  /** Addresses of a pod of the namespace default, one of each family. */
  readonly podAddresses: (pod: string) => Promise<readonly string[]>;
  /** Starts a program of this machine in the network outside. */
  readonly outside: (...argv: readonly string[]) => ChildProcess;
};

/** A port forward: its local end, such as 127.0.0.1:41234, and the program behind it. */
type Forward = { readonly address: string; readonly child: ChildProcess };

/** The lab called `name`, which need not be up yet. */
export function testLab(name: string): TestLab {
  const kubeconfig = `/var/lib/seam-lab/${name}/kubeconfig`;
  const kubectl = async (...argv: readonly string[]): Promise<string> =>
    (await execute(kubectlProgram, [`--kubeconfig=${kubeconfig}`, ...argv], options)).stdout.trim();
  return {
    name,
    kubeconfig,
    kubectl,
    seam: async (...argv) => {
      const which = argv[0] === "lab" ? ["--name", name] : ["--kubeconfig", kubeconfig];
      return (await execute(path.join(root, "bin/seam"), [...argv, ...which], options)).stdout;
    },
    apply: async (...items) =>
      applyIn(kubeconfig, JSON.stringify({ apiVersion: "v1", kind: "List", items })),
    applyText: async (manifest) =>
      applyIn(kubeconfig, manifest, "--server-side", "--force-conflicts"),
    onNode: async (node, script) => (await labExec(name, node, ["sh", "-c", script])).stdout.trim(),
    inPod: async (pod, ...command) => kubectl("exec", pod, "--", ...command),
    forwardServer: async (what) => {
      const argv = [
        `--kubeconfig=${kubeconfig}`,
        "-n",
        "seam-system",
        "port-forward",
        what,
        ":9820",
      ];
      const child = spawn(kubectlProgram, argv, { stdio: ["ignore", "pipe", "inherit"] });
      const [line]: unknown[] = await once(createInterface({ input: child.stdout }), "line");
      return { address: /127\.0\.0\.1:\d+/.exec(String(line))?.[0] ?? "", child };
    },
    podAddresses: async (pod) =>
      (await kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIPs[*].ip}")).split(" "),
    outside: (...argv) =>
      spawn("nsenter", [`--net=/run/netns/seam-${name}-outside`, "--", ...argv], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
  };
}

async function applyIn(
  kubeconfig: string,
  manifest: string,
  ...how: readonly string[]
): Promise<void> {
  const argv = [`--kubeconfig=${kubeconfig}`, "apply", ...how, "-f", "-"];
  const applying = execute(kubectlProgram, argv, options);
  applying.child.stdin?.end(manifest);
  await applying;
}

/** A `NetworkConfig` that sets the whole cluster. */
export const networkConfig = (spec: object): object => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "NetworkConfig",
  metadata: { name: "default" },
  spec,
});

/** Everything of this machine that belongs to a lab; nothing after it went down. */
export function leftOf(name: string): readonly string[] {
  const below = (folder: string, wanted: RegExp): readonly string[] =>
    existsSync(folder) ? readdirSync(folder).filter((each) => wanted.test(each)) : [];
  const groups = readdirSync("/sys/fs/cgroup").filter((each) =>
    existsSync(`/sys/fs/cgroup/${each}/seam-${name}`),
  );
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...below("/run/netns", new RegExp(`^seam-${name}-(n\\d|fabric|outside)$`)),
    ...below("/var/lib/seam-lab", new RegExp(`^${name}$`)),
    ...below("/run/seam-lab", new RegExp(`^${name}$`)),
    ...groups,
    ...mounts.filter((line) => line.includes(`seam-lab/${name}/`)),
  ];
}

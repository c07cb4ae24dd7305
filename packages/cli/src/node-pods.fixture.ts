/** Pods of the tests of nodes, one on each of them, and a node that is switched off. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { labStatus } from "@seam/lab";
import { expect } from "vitest";

import type { TestLab } from "./lab.fixture.ts";

const execute = promisify(execFile);

const podObject = (name: string, node: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels: { app: name } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: "Exists" }],
    containers: [
      { name: "c", image: "localhost/seam/traffic:dev", command: ["rr", "serve", "5202"] },
    ],
  },
});

/** Makes a pod on a node anew, and waits until it is Ready. */
export async function startPod(
  lab: TestLab,
  node: string,
  name: string = `on-${node}`,
): Promise<void> {
  await lab.kubectl("delete", "pod", name, "--ignore-not-found", "--force");
  await lab.apply(podObject(name, node));
  await lab.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
}

/** Pods of n1 and n3 reach each other, over both families. */
export async function podsReachEachOther(lab: TestLab): Promise<void> {
  for (const [asking, asked] of [
    ["on-n1", "on-n3"],
    ["on-n3", "on-n1"],
  ] as const) {
    const addresses = await lab.podAddresses(asked);
    expect(addresses).toHaveLength(2);
    for (const address of addresses) {
      const ping = async (): Promise<string> =>
        lab.inPod(asking, "ping", "-c1", "-W1", address).catch((error: unknown) => String(error));
      await expect.poll(ping, { timeout: 10_000 }).toContain("1 received");
    }
  }
}

/** Ends all that runs on a node, at once. */
export async function endNode(lab: TestLab, node: string): Promise<void> {
  const pidOf = async (): Promise<number | undefined> =>
    (await labStatus(lab.name)).processes.find(({ name }) => name === node)?.pid;
  const pid = await pidOf();
  if (pid === undefined) throw new Error(`${node} does not run`);
  process.kill(pid, "SIGKILL");
  await expect.poll(pidOf, { timeout: 10_000 }).toBeUndefined();
}

/** Ends it, and all that its kernel had of networks; what is on its disk stays. */
export async function switchOff(lab: TestLab, node: string): Promise<void> {
  await endNode(lab, node);
  await execute("ip", ["netns", "del", `seam-${lab.name}-${node}`]);
}

/** Changes with each start of the pod's container. */
const containerOf = async ({ kubectl }: TestLab, pod: string): Promise<string> => {
  const status = "{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].ready}";
  return kubectl("get", "pod", pod, "-o", `jsonpath=${status}`);
};

/** Does something, and waits until the pod's container was started anew since then. */
export async function startedAnew(
  lab: TestLab,
  pod: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const [before = ""] = (await containerOf(lab, pod)).split(" ");
  await work();
  const isAnew = async (): Promise<boolean> => {
    const [now, isReady] = (await containerOf(lab, pod)).split(" ");
    return now !== before && isReady === "true";
  };
  await expect.poll(isAnew, { timeout: 60_000, interval: 250 }).toBe(true);
}

/** Addresses that a pod's node gives out next, as they are or from the first on, beside those that the pod has. */
export function addressesAround([ipv4 = "", ipv6 = ""]: readonly string[]): readonly string[] {
  const own = Number(/\d+$/.exec(ipv4)?.[0]);
  const numbers = new Set([1, 2, 3, ...Array.from({ length: 6 }, (_, at) => own + at)]);
  return [...numbers].flatMap((number) => [
    ipv4.replace(/\d+$/, String(number)),
    ipv6.replace(/[\da-f]*$/, number.toString(16)),
  ]);
}

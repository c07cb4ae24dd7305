/** Experiments: from what is written and what exists to children and status, as tables. */
import type { KubeObject } from "@seam/kube";
import { describe, expect, test } from "vitest";
import { newsOf } from "./event.ts";
import { planChildren, type Scene } from "./experiment-plan.ts";
import { judgeExperiment, type Problem } from "./experiment-status.ts";
import { manifestsOf } from "./manifest.ts";
import { observeChild, observeExperiment, observePod } from "./observed.ts";
import type { Workload } from "./pod-template.ts";

const server = { name: "server", image: "i", replicas: 2 };
const client = { name: "client", image: "i", replicas: 1, after: ["server"] };
const HOUR = 3_600_000;

const experiment = (spec: object, status: object = {}): KubeObject => ({
  apiVersion: "seam.ucsd.edu/v1alpha1",
  kind: "Experiment",
  metadata: {
    name: "two-tier",
    namespace: "lab-a",
    uid: "u1",
    generation: 3,
    creationTimestamp: "1970-01-01T00:00:00Z",
  },
  spec,
  status,
});

/** What the API server would hold after `manifests` were applied. */
const children = (workload: Workload, uid = "u1"): Scene["children"] => {
  const { identity } = observeExperiment(experiment({ workloads: [server] }));
  const replicas = workload.replicas ?? 1;
  return manifestsOf({ ...identity, uid }, workload, replicas).map((object) =>
    observeChild({
      ...object,
      metadata: { ...object.metadata, uid: `${object.kind}-${workload.name}`, generation: 1 },
      status: { observedGeneration: 1, updatedReplicas: replicas },
    }),
  );
};

type PodState = { readonly isReady: boolean; readonly status?: object };

const podOf = (workload: string, index: number, state: PodState): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `${workload}-${index}`,
    namespace: "lab-a",
    labels: { "seam.ucsd.edu/experiment": "two-tier", "seam.ucsd.edu/workload": workload },
    ownerReferences: [{ controller: true, uid: `StatefulSet-${workload}` }],
  },
  spec: { nodeName: `n${index}` },
  status: {
    podIPs: [{ ip: `10.0.0.${index}` }, { ip: `fd00::${index}` }],
    conditions: [{ type: "Ready", status: state.isReady ? "True" : "False" }],
    ...state.status,
  },
});
const pod = (workload: string, index: number): KubeObject =>
  podOf(workload, index, { isReady: true });

type Given = {
  readonly spec?: object;
  readonly status?: object;
  readonly exists?: Scene["children"];
  readonly pods?: readonly KubeObject[];
  readonly now?: number;
  readonly refusals?: Scene["refusals"];
};

const scene = (given: Given): Scene => ({
  experiment: observeExperiment(
    experiment(given.spec ?? { workloads: [server, client] }, given.status),
  ),
  children: given.exists ?? [],
  pods: (given.pods ?? []).map(observePod),
  now: given.now ?? HOUR,
  virtualMachines: "absent",
  refusals: given.refusals ?? new Map(),
  enforcement: null,
  reservations: new Map(),
});

const names = (given: Given): Record<string, readonly string[]> => {
  const { apply, create, remove } = planChildren(scene(given));
  return {
    apply: apply.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    create: create.map(({ kind, name }) => `${kind} ${name}`),
    remove: remove.map(({ kind, name }) => `${kind} ${name}`),
  };
};

const serverParts = ["Service server", "StatefulSet server"];
const clientParts = ["Service client", "StatefulSet client"];
const readyServers = [pod("server", 0), pod("server", 1)];
const both = [...children(server), ...children(client)];
const cyclic = { workloads: [{ ...server, after: ["client"] }, client] };

describe("children", () => {
  test.each<[string, Given, Record<string, readonly string[]>]>([
    ["at first, those that wait for nothing", {}, { apply: serverParts, create: serverParts }],
    ["not Ready: others wait", { exists: children(server), pods: readyServers.slice(1) }, {}],
    [
      "all Ready: others start",
      { exists: children(server), pods: readyServers },
      { apply: clientParts, create: clientParts },
    ],
    ["all as wanted: nothing to do", { exists: both, pods: readyServers }, {}],
    ["degraded: what was started stays", { exists: both }, {}],
    [
      "drift: applied again",
      { exists: [...children({ ...server, image: "other" }), ...children(client)] },
      { apply: ["StatefulSet server"] },
    ],
    [
      "a field taken away: applied again",
      { exists: [...children({ ...server, command: ["a"] }), ...children(client)] },
      { apply: ["StatefulSet server"] },
    ],
    [
      "taken from the specification: removed",
      { spec: { workloads: [server] }, exists: both },
      { remove: ["Service client", "StatefulSet client"] },
    ],
    [
      "left over from an older experiment of this name: not ours",
      { exists: children(server, "u0") },
      { apply: serverParts, create: serverParts },
    ],
    [
      "lifetime over: all removed",
      { spec: { workloads: [server], lifetime: "1h" }, exists: children(server) },
      { remove: serverParts },
    ],
    [
      "made suspended: all without pods",
      { spec: { workloads: [server, client], suspend: true } },
      { apply: [...serverParts, ...clientParts], create: [...serverParts, ...clientParts] },
    ],
    [
      "suspended: the pods end, the Services stay",
      { spec: { workloads: [server, client], suspend: true }, exists: both },
      { apply: ["StatefulSet server", "StatefulSet client"] },
    ],
    [
      "started again: those that wait for nothing",
      {
        exists: [...children({ ...server, replicas: 0 }), ...children({ ...client, replicas: 0 })],
      },
      { apply: ["StatefulSet server"] },
    ],
    [
      "policies come before the workloads",
      { spec: { workloads: [server], policies: [{ from: "server", to: "server" }] } },
      {
        apply: ["NetworkPolicy server", ...serverParts],
        create: ["NetworkPolicy server", ...serverParts],
      },
    ],
    ["a cycle: nothing is touched", { spec: cyclic, exists: children(server) }, {}],
    ["invalid: nothing is touched", { spec: { workloads: 1 }, exists: both }, {}],
    ["a virtual machine", { spec: { workloads: [{ ...server, kind: "VirtualMachine" }] } }, {}],
  ])("%s", (_, given, expected) => {
    expect(names(given)).toEqual({ apply: [], create: [], remove: [], ...expected });
  });

  test("what something else changed is drift; what the specification changed is not", () => {
    const [service, set] = children(server);
    if (service === undefined || set === undefined) throw new Error("no children");
    const edited = { ...set, content: { ...set.content, spec: { replicas: 7 } } };
    const drifted = (exists: Scene["children"], spec = { workloads: [server] }): unknown =>
      planChildren(scene({ spec, exists })).drifted;
    const ref = { apiVersion: "apps/v1", kind: "StatefulSet", name: "server", namespace: "lab-a" };
    expect(drifted([service, edited])).toEqual([ref]);
    expect(drifted([service, set], { workloads: [{ ...server, replicas: 3 }] })).toEqual([]);
    expect(drifted([])).toEqual([]);
  });

  test("planning what was just applied yields nothing", () => {
    const given = { spec: { workloads: [{ ...server, resources: { cpu: "0.5" } }] } };
    const exists = children({ ...server, resources: { cpu: "0.5" } });
    expect(names(given)["apply"]).toEqual(serverParts);
    expect(names({ ...given, exists })["apply"]).toEqual([]);
  });
});

describe("status", () => {
  const allReady = { exists: both, pods: [...readyServers, pod("client", 0)] };
  const was = (status: string, reason: string, observedGeneration = 3): object => ({
    conditions: [{ type: "WorkloadsReady", status, reason, message: "m", observedGeneration }],
  });
  const machine = { workloads: [{ ...server, kind: "VirtualMachine" }] };
  const older: readonly Problem[] = [{ reason: "OlderInTheWay", message: "wait" }];
  const refused: readonly Problem[] = [{ reason: "Refused", message: "over quota" }];
  test.each<[string, Given, readonly Problem[], string, string, string]>([
    ["nothing exists yet", {}, [], "Pending", "WaitingForPods", "server waits for its creation"],
    [
      "some pods",
      { exists: children(server), pods: readyServers.slice(1) },
      [],
      "Progressing",
      "WaitingForPods",
      "server: 1 of 2 pods Ready; client waits for server",
    ],
    [
      "a pod that says why",
      {
        exists: children(server),
        pods: [
          podOf("server", 0, {
            isReady: false,
            status: { containerStatuses: [{ state: { waiting: { reason: "ErrImagePull" } } }] },
          }),
        ],
      },
      [],
      "Progressing",
      "WaitingForPods",
      "server: 0 of 2 pods Ready (server-0: ErrImagePull); client waits for server; for the cause, kubectl -n lab-a describe pod server-0",
    ],
    [
      "pods that the API server refuses",
      { exists: children(server), refusals: new Map([["server", "exceeded quota: seam"]]) },
      [],
      "Progressing",
      "PodsRefused",
      "server: 0 of 2 pods Ready (the API server refuses more: exceeded quota: seam); client waits for server",
    ],
    ["all", allReady, [], "Ready", "AllReady", "all 3 pods are Ready"],
    [
      "once Ready",
      { ...allReady, pods: readyServers, status: was("True", "AllReady") },
      [],
      "Degraded",
      "PodsLost",
      "client: 0 of 1 pods Ready",
    ],
    [
      "Degraded before",
      { ...allReady, pods: readyServers, status: was("False", "PodsLost") },
      [],
      "Degraded",
      "PodsLost",
      "client: 0 of 1",
    ],
    [
      "once Ready, then changed",
      { ...allReady, pods: readyServers, status: was("True", "AllReady", 2) },
      [],
      "Progressing",
      "WaitingForPods",
      "client: 0 of 1",
    ],
    ["refused", {}, refused, "Failed", "Refused", "over quota"],
    ["older objects", {}, older, "Pending", "OlderInTheWay", "wait"],
    ["older objects and worse", {}, [...older, ...refused], "Failed", "Refused", "over quota"],
    [
      "virtual machine",
      { spec: machine },
      [],
      "Failed",
      "VirtualMachinesUnavailable",
      "install KubeVirt",
    ],
    [
      "expired",
      { spec: { workloads: [server], lifetime: "1h" } },
      [],
      "Expired",
      "Expired",
      "raise spec.lifetime",
    ],
    [
      "suspending",
      {
        spec: { workloads: [server], suspend: true },
        exists: children(server),
        pods: readyServers,
      },
      [],
      "Progressing",
      "Suspending",
      "2 pods are still to end",
    ],
    [
      "suspended",
      { spec: { workloads: [server], suspend: true }, exists: children(server) },
      [],
      "Suspended",
      "Suspended",
      "set spec.suspend to false",
    ],
    ["cycle", { spec: cyclic }, [], "Failed", "NotAccepted", "server waits for client"],
  ])("%s", (...row) => {
    const [, given, problems, phase, reason, message] = row;
    const { status } = judgeExperiment(scene(given), problems);
    expect(status).toMatchObject({
      phase,
      conditions: expect.arrayContaining([
        expect.objectContaining({
          type: "WorkloadsReady",
          reason,
          message: expect.stringContaining(message),
          observedGeneration: 3,
        }),
      ]),
    });
  });

  test("pods with node and both addresses, in order of their number", () => {
    const pods = [10, 2, 0].map((index) => pod("server", index));
    const given = { exists: children(server), pods, spec: { workloads: [server] } };
    expect(judgeExperiment(scene(given), []).status["workloads"]).toEqual([
      {
        name: "server",
        ready: 3,
        desired: 2,
        pods: [0, 2, 10].map((index) => ({
          name: `server-${index}`,
          node: `n${index}`,
          addresses: [`10.0.0.${index}`, `fd00::${index}`],
        })),
      },
    ]);
  });

  test.each([
    ["Accepted", cyclic, "server waits for client waits for server"],
    ["Accepted", { workloads: [{ ...server, name: "a".repeat(53) }] }, "at most 52 characters"],
    ["Accepted", { workloads: [{ ...server, replicas: -1 }] }, "spec.workloads[0].replicas"],
    [
      "BandwidthReserved",
      { workloads: [{ ...server, bandwidth: { egressMbps: 1 } }] },
      "server: reserved as soon as all of their pods are placed",
    ],
    ["LifetimeEnding", { workloads: [server], lifetime: "65m" }, "1970-01-01T01:05:00.000Z"],
  ])("%s says what to do", (type, spec, message) => {
    const { status } = judgeExperiment(scene({ spec }), []);
    expect(status["conditions"]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type, message: expect.stringContaining(message) }),
      ]),
    );
  });

  test("judging what was just written brings no news and no other status", () => {
    const first = judgeExperiment(scene(allReady), []);
    const status = { ...first.status };
    const again = judgeExperiment(scene({ ...allReady, status, now: 2 * HOUR }), []);
    expect(first.news.map((item) => item.type)).toEqual(["Accepted", "WorkloadsReady"]);
    expect(again).toEqual({ ...first, news: [] });
  });

  test("it looks again before the lifetime ends, and while something is in the way", () => {
    const lived = { spec: { workloads: [server], lifetime: "65m" } };
    expect(judgeExperiment(scene(lived), []).wake).toBe(5 * 60_000);
    expect(judgeExperiment(scene({}), refused).wake).toBe(30_000);
    expect(judgeExperiment(scene({}), []).wake).toBeNull();
  });

  test("the end of a lifetime is a warning, waiting is not", () => {
    const lived = scene({ spec: { workloads: [server], lifetime: "65m" } });
    const told = judgeExperiment(lived, []).news.map(newsOf);
    expect(told.map(({ reason, severity }) => [reason, severity])).toEqual([
      ["Valid", "Normal"],
      ["EndsSoon", "Warning"],
      ["WaitingForPods", "Normal"],
    ]);
  });
});

/**
 * `seam bench policies`: what a change of an object costs an agent, from the change to the kernel having it, in a cluster of many pods
 * and policies. No cluster runs: objects are made up and told to what an agent tells them to, and the kernel's table is a real one in
 * a namespace of its own. Peer: everything written anew, as without increments each change would need.
 */
import { execFileSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import type { Address } from "@seam/base";
import { createPolicyIntent, type PolicyIntent, type PolicyPod } from "@seam/intent";
import { openPolicyTable, type PolicyTable } from "@seam/kernel";
import type { PolicyState } from "@seam/state";

import { type BenchDocument, type Case, casesOf, environmentOf, statisticsOf } from "./document.ts";

/** How large the cluster is. */
export type PolicyBenchOptions = {
  readonly pods: number;
  readonly policies: number;
  /** Changes of each kind. */
  readonly changes: number;
};

const PEER = "everything written anew";
const NAMESPACES = 200;
const APPS = 5;
const TEAMS = 20;
/** Pods of this node, as many as a kubelet takes. */
const LINKS = 110;
const PEER_SAMPLES = 5;
/** A prime: changes go everywhere. */
const STRIDE = 7919;

/** Runs the benchmark; needs root. */
export function benchPolicies(options: PolicyBenchOptions): BenchDocument {
  const netns = `seam-bench-${process.pid}`;
  execFileSync("ip", ["netns", "add", netns]);
  try {
    const opened = openPolicyTable(`/run/netns/${netns}`);
    if (!opened.ok) throw new Error(opened.error.message);
    using table = opened.value;
    return measure(table, options);
  } finally {
    execFileSync("ip", ["netns", "del", netns]);
  }
}

function measure(table: PolicyTable, options: PolicyBenchOptions): BenchDocument {
  const { pods, policies, changes } = options;
  const before = heapBytes();
  const intent = createPolicyIntent();
  fill(intent, options);
  intent.takeChange();
  const memory = (heapBytes() - before) / pods;
  const whole = (): number => timed(() => done(table.rewrite(intent.state())));
  const peer = Array.from({ length: PEER_SAMPLES }, whole);
  const size = sizeOf(intent.state());
  const kinds = kindsOf(intent, options);
  const all: number[] = [];
  const cases = kinds.flatMap(({ what, change }): readonly Case[] => {
    const seam = Array.from({ length: changes }, (_, index) =>
      timed(() => {
        change(index * STRIDE, index);
        const taken = intent.takeChange();
        if (taken !== null) done(table.change(taken));
      }),
    );
    all.push(...seam);
    return casesOf({ what, unit: "ms", better: "lower", peer: PEER }, [{ seam, peer }]);
  });
  return {
    name: "policies",
    environment: environmentOf({ pods, policies, links: LINKS, changes, ...size }),
    cases,
    figures: [
      { figure: "all changes p99", unit: "ms", value: statisticsOf(all).p99, target: 20 },
      { figure: "memory per pod", unit: "bytes of heap", value: Math.round(memory), target: 2048 },
    ],
  };
}

function sizeOf({ addresses, gates }: PolicyState): { elements: number; classes: number } {
  const rules = [...gates.values()].flatMap(({ ingress, egress }) => [ingress, egress]);
  const elements = rules.reduce((sum, each) => sum + (each?.size ?? 0), 0);
  return { elements, classes: new Set(addresses.values()).size };
}

type Kind = {
  readonly what: string;
  readonly change: (at: number, round: number) => void;
};

function kindsOf(intent: PolicyIntent, { pods, policies }: PolicyBenchOptions): readonly Kind[] {
  const setPod = (index: number, change: Partial<PolicyPod>): void => {
    const pod = podOf(index % pods);
    intent.setPod(podKey(index % pods), { ...pod, ...change });
  };
  return [
    {
      what: "pod relabelled",
      change: (at, round) =>
        setPod(at, { labels: { ...podOf(at % pods).labels, app: `app-${round % APPS}` } }),
    },
    {
      what: "pod replaced",
      change: (at, round) => {
        intent.setPod(podKey(at % pods), null);
        setPod(at, { uid: `again-${round}` });
      },
    },
    {
      what: "policy changed",
      change: (at, round) =>
        void intent.setPolicy(policyKey(at % policies), policyOf(at % policies, round)),
    },
    {
      what: "policy made and deleted",
      change: (at, round) =>
        void intent.setPolicy(
          policyKey(at % policies).replace("/p", "/q"),
          round % 2 === 0 ? policyOf(at % policies, round) : null,
        ),
    },
    {
      what: "link made and deleted",
      change: (_at, round) => setLink(intent, ((round >> 1) * STRIDE) % LINKS, round % 2 === 1),
    },
    {
      what: "node emptied and filled",
      change: (_at, round) => setLink(intent, round % LINKS, Math.floor(round / LINKS) % 2 === 1),
    },
  ];
}

function fill(intent: PolicyIntent, { pods, policies }: PolicyBenchOptions): void {
  for (let index = 0; index < NAMESPACES; index += 1)
    intent.setNamespace(`ns-${index}`, { team: `team-${index % TEAMS}` });
  for (let index = 0; index < pods; index += 1) intent.setPod(podKey(index), podOf(index));
  for (let index = 0; index < policies; index += 1)
    intent.setPolicy(policyKey(index), policyOf(index, 0));
  for (let index = 0; index < LINKS; index += 1) setLink(intent, index, true);
}

/** The node's pods are spread over namespaces and applications. */
function setLink(intent: PolicyIntent, index: number, exists: boolean): void {
  const pod = index * APPS;
  const device = `seam${String(index).padStart(11, "0")}`;
  const endpoint = { addresses: addressesOf(pod), pod: { key: podKey(pod), uid: "" } };
  intent.setEndpoint(device, exists ? endpoint : null);
}

const namespaceOf = (index: number): string => `ns-${index % NAMESPACES}`;
const appOf = (index: number): string => `app-${Math.floor(index / NAMESPACES) % APPS}`;
const podKey = (index: number): string => `${namespaceOf(index)}/pod-${index}`;
const policyKey = (index: number): string => `${namespaceOf(index)}/p${index}`;

const addressesOf = (index: number): readonly Address[] => {
  const [high, low] = [index >> 8, index & 255];
  return [
    { family: "ipv4", bytes: [10, 244 + (high >> 8), high & 255, low] },
    {
      family: "ipv6",
      bytes: [0xfd, 0, ...Array.from({ length: 11 }, () => 0), high >> 8, high & 255, low],
    },
  ];
};

/** Labels as a StatefulSet gives them, read from JSON as a watch does: no two pods share a text. */
function podOf(index: number): PolicyPod {
  const labels = {
    app: appOf(index),
    tier: `tier-${index % 3}`,
    "apps.kubernetes.io/pod-index": String(index % 10),
    "statefulset.kubernetes.io/pod-name": `pod-${index}`,
    "seam.ucsd.edu/experiment": `experiment-${index % NAMESPACES}`,
  };
  const read: typeof labels = JSON.parse(JSON.stringify(labels));
  return {
    namespace: namespaceOf(index),
    uid: `uid-${index}`,
    labels: read,
    addresses: addressesOf(index),
    serviceAccount: "default",
    hostNetwork: false,
    ports: [{ name: "http", protocol: "TCP", port: 8080 + (index % 2) }],
  };
}

/** Neighbours of the namespace, a site, a team of others, and the world but for the cluster. */
function policyOf(index: number, version: number): object {
  const neighbours = { podSelector: { matchLabels: { app: `app-${(index + version) % APPS}` } } };
  const site = { ipBlock: { cidr: `172.${16 + (index % 16)}.${index & 255}.0/24` } };
  const team = { namespaceSelector: { matchLabels: { team: `team-${index % TEAMS}` } } };
  const world = { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } };
  const port = index % 3 === 0 ? "http" : 80 + (version % 10);
  return {
    spec: {
      podSelector: { matchLabels: { app: appOf(index) } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [neighbours, site], ports: [{ port }] }],
      egress: [{ to: [team, world] }],
    },
  };
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function done(result: ReturnType<PolicyTable["rewrite"]>): void {
  if (!result.ok) throw new Error(result.error.message);
}

/** After everything that nobody holds is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed;
}

/** What an experiment's workloads and policies become, as tables. */
import { describe, expect, test } from "vitest";
import { manifestsOf } from "./manifest.ts";
import { networkPoliciesOf } from "./network-policies.ts";
import { observeExperiment } from "./observed.ts";

const server = { name: "server", image: "i", replicas: 2 };
const client = { name: "client", image: "i" };

const observe = (spec: object): ReturnType<typeof observeExperiment> =>
  observeExperiment({
    apiVersion: "seam.ucsd.edu/v1alpha1",
    kind: "Experiment",
    metadata: { name: "two-tier", namespace: "lab-a", uid: "u1" },
    spec,
  });

describe("manifests", () => {
  const podSpec = (fields: object): unknown => {
    const { identity } = observe({ workloads: [server] });
    return manifestsOf(identity, { ...server, ...fields }, 2)[1]?.["spec"];
  };
  test.each([
    ["replicas", {}, { replicas: 2, podManagementPolicy: "Parallel" }],
    [
      "arguments and environment",
      {
        args: ["-v"],
        env: [
          { name: "MODE", value: "fast" },
          { name: "EMPTY", value: "" },
          { name: "TOKEN", secret: { name: "keys", key: "token" } },
          { name: "LEVEL", configMap: { name: "settings", key: "level" } },
        ],
      },
      template({
        containers: [
          {
            args: ["-v"],
            env: [
              { name: "MODE", value: "fast" },
              { name: "EMPTY" },
              { name: "TOKEN", valueFrom: { secretKeyRef: { name: "keys", key: "token" } } },
              { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "settings", key: "level" } } },
            ],
          },
        ],
      }),
    ],
    [
      "files and volumes",
      {
        files: [
          { path: "/etc/app", configMap: "settings" },
          { path: "/etc/keys", secret: "keys" },
        ],
        volumes: [
          { path: "/data", claim: "results" },
          { path: "/tmp", scratch: "1Gi" },
          { path: "/dev/shm", memory: "64Mi" },
        ],
      },
      template({
        containers: [
          {
            volumeMounts: [
              { name: "files-0", mountPath: "/etc/app", readOnly: true },
              { name: "files-1", mountPath: "/etc/keys", readOnly: true },
              { name: "volume-0", mountPath: "/data" },
              { name: "volume-1", mountPath: "/tmp" },
              { name: "volume-2", mountPath: "/dev/shm" },
            ],
          },
        ],
        volumes: [
          { name: "files-0", configMap: { name: "settings" } },
          { name: "files-1", secret: { secretName: "keys" } },
          { name: "volume-0", persistentVolumeClaim: { claimName: "results" } },
          { name: "volume-1", emptyDir: { sizeLimit: "1Gi" } },
          { name: "volume-2", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } },
        ],
      }),
    ],
    [
      "labels, none of which takes the place of Seam's, and a restart",
      {
        labels: { team: "blue", "seam.ucsd.edu/workload": "other" },
        restartedAt: "2026-11-26T12:00:00Z",
      },
      {
        template: {
          metadata: {
            labels: { team: "blue", "seam.ucsd.edu/workload": "server" },
            annotations: { "seam.ucsd.edu/restarted-at": "2026-11-26T12:00:00Z" },
          },
        },
      },
    ],
    [
      "devices",
      { resources: { gpu: { "example.org/gpu": 2 } } },
      template({
        containers: [
          {
            resources: {
              requests: { "example.org/gpu": "2" },
              limits: { "example.org/gpu": "2" },
            },
          },
        ],
      }),
    ],
    [
      "spread over zones",
      { placement: { spread: "topology.kubernetes.io/zone" } },
      template({ topologySpreadConstraints: [{ topologyKey: "topology.kubernetes.io/zone" }] }),
    ],
    [
      "pack in a rack",
      { placement: { pack: "example.org/rack" } },
      template({
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { podAffinityTerm: { topologyKey: "example.org/rack" } },
            ],
          },
        },
      }),
    ],
    [
      "resources",
      { resources: { cpu: "1", memory: "1Gi" } },
      template({
        containers: [
          {
            resources: {
              requests: { cpu: "1", memory: "1Gi" },
              limits: { cpu: "1", memory: "1Gi" },
            },
          },
        ],
      }),
    ],
    [
      "spread",
      {},
      template({
        topologySpreadConstraints: [
          { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" },
        ],
      }),
    ],
    [
      "pack",
      { placement: "pack" },
      template({
        affinity: {
          podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100 }] },
        },
      }),
    ],
    [
      "one node",
      { placement: { node: "n2" } },
      template({ nodeSelector: { "kubernetes.io/hostname": "n2" } }),
    ],
    [
      "bandwidth",
      { bandwidth: { egressMbps: 100, ingressMbps: 50 } },
      {
        template: {
          metadata: {
            annotations: {
              "kubernetes.io/egress-bandwidth": "100M",
              "kubernetes.io/ingress-bandwidth": "50M",
            },
          },
        },
      },
    ],
  ])("%s", (_, fields, expected) => {
    expect(podSpec(fields)).toMatchObject(expected);
  });

  function template(spec: object): object {
    return { template: { spec } };
  }
});

describe("network policies", () => {
  const select = (workload: string): object => ({
    podSelector: {
      matchLabels: { "seam.ucsd.edu/experiment": "two-tier", "seam.ucsd.edu/workload": workload },
    },
  });
  const dns = {
    to: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
    ],
    ports: [
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ],
  };
  const policiesOf = (policies: object[] | undefined): Record<string, unknown> => {
    const { identity, spec } = observe({
      workloads: [server, client, { ...server, name: "other" }],
      policies,
    });
    if (!spec.ok) throw new Error("the experiment is not valid");
    const objects = networkPoliciesOf(identity, spec.value);
    return Object.fromEntries(objects.map(({ metadata, spec: rules }) => [metadata.name, rules]));
  };

  test("one way is open, and the way to DNS; who is not named is left alone", () => {
    const ports = ["5201/TCP", "53/UDP"];
    const peerPorts = [
      { protocol: "TCP", port: 5201 },
      { protocol: "UDP", port: 53 },
    ];
    expect(policiesOf([{ from: "client", to: "server", ports }])).toEqual({
      client: {
        ...select("client"),
        policyTypes: ["Ingress", "Egress"],
        egress: [{ to: [select("server")], ports: peerPorts }, dns],
      },
      server: {
        ...select("server"),
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [select("client")], ports: peerPorts }],
        egress: [dns],
      },
    });
  });

  test("without ports all are open, also among the pods of one workload", () => {
    expect(policiesOf([{ from: "server", to: "server" }])).toMatchObject({
      server: {
        ingress: [{ from: [select("server")] }],
        egress: [{ to: [select("server")] }, dns],
      },
    });
  });

  test("without policies there are none", () => {
    expect(policiesOf(undefined)).toEqual({});
  });
});

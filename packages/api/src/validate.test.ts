/** Invalid objects and the errors they give: every error names the field, what was expected and an example. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  API_VERSION,
  ExperimentSchema,
  formatFieldError,
  parseExperiment,
  parseNetworkConfig,
  parseProject,
} from "./index.ts";
import { Value } from "typebox/value";
import { walk } from "./walk.ts";

const server = { name: "server", image: "localhost/seam/traffic:dev" };
const client = { ...server, name: "client" };
const experiment = (spec: unknown): unknown => ({
  apiVersion: API_VERSION,
  kind: "Experiment",
  metadata: { name: "two-tier", namespace: "lab-a" },
  spec,
});
const workload = (fields: object): unknown => experiment({ workloads: [{ ...server, ...fields }] });
const project = (spec: unknown, name = "lab-a"): unknown => ({
  apiVersion: API_VERSION,
  kind: "Project",
  metadata: { name },
  spec,
});

describe("parseExperiment", () => {
  test("accepts the example of the architecture and fills defaults", () => {
    const parsed = parseExperiment(
      experiment({
        workloads: [
          {
            ...server,
            kind: "Container",
            command: ["iperf3", "-s"],
            replicas: 2,
            ports: [{ name: "iperf", port: 5201 }],
            resources: { cpu: "500m", memory: "128Mi" },
            placement: { node: "n2" },
            bandwidth: { egressMbps: 100, ingressMbps: 100 },
          },
          { ...client, after: ["server"] },
        ],
        policies: [{ from: "client", to: "server", ports: ["5201/TCP", "5201/UDP"] }],
        lifetime: "24h",
      }),
    );
    if (!parsed.ok) throw new Error(parsed.error.map(formatFieldError).join("\n"));
    const [first, second] = parsed.value.spec.workloads;
    expect(first?.ports?.[0]?.protocol).toBe("TCP");
    expect(second).toMatchObject({
      kind: "Container",
      replicas: 1,
      placement: "spread",
      after: ["server"],
    });
  });

  test.each([
    ["no spec", experiment(undefined), ["spec"]],
    ["not an object", 7, [""]],
    ["wrong kind", { ...Object(experiment({ workloads: [server] })), kind: "Project" }, ["kind"]],
    ["no workloads", experiment({ workloads: [] }), ["spec.workloads"]],
    ["bad name", workload({ name: "Server_1" }), ["spec.workloads[0].name"]],
    ["missing image", experiment({ workloads: [{ name: "a" }] }), ["spec.workloads[0].image"]],
    ["unknown field", workload({ imgae: "x" }), ["spec.workloads[0].imgae"]],
    [
      "port out of range",
      workload({ ports: [{ name: "p", port: 70_000 }] }),
      ["spec.workloads[0].ports[0].port"],
    ],
    ["cpu as number", workload({ resources: { cpu: 2 } }), ["spec.workloads[0].resources.cpu"]],
    ["placement", workload({ placement: "random" }), ["spec.workloads[0].placement"]],
    ["lifetime", experiment({ workloads: [server], lifetime: "1 day" }), ["spec.lifetime"]],
    [
      "twice the same name",
      experiment({ workloads: [server, server] }),
      ["spec.workloads[1].name"],
    ],
    ["after itself", workload({ after: ["server"] }), ["spec.workloads[0].after[0]"]],
    [
      "unknown policy end",
      experiment({ workloads: [server], policies: [{ from: "x", to: "server" }] }),
      ["spec.policies[0].from"],
    ],
    [
      "policy port",
      experiment({
        workloads: [server],
        policies: [{ from: "server", to: "server", ports: ["http"] }],
      }),
      ["spec.policies[0].ports[0]"],
    ],
    [
      "many at once",
      workload({ name: "A", replicas: -1, kind: "Pod" }),
      ["spec.workloads[0].name", "spec.workloads[0].kind", "spec.workloads[0].replicas"],
    ],
  ])("%s", (_, value, paths) => {
    const parsed = parseExperiment(value);
    if (parsed.ok) throw new Error("accepted");
    expect(parsed.error.map((error) => error.path)).toEqual(paths);
    for (const error of parsed.error) {
      expect(error.expected).not.toBe("");
      expect(error.example).not.toBe("");
    }
  });

  test("a message reads as a sentence", () => {
    const parsed = parseExperiment(workload({ replicas: -1 }));
    expect(parsed.ok ? [] : parsed.error.map(formatFieldError)).toEqual([
      "spec.workloads[0].replicas: expected a whole number of at least 0 and at most 1000, for example 2; found -1",
    ]);
  });

  test("the walk and the schema agree on any workload", () => {
    const fields = fc.record(
      {
        name: fc.oneof(fc.constant("server"), fc.string()),
        image: fc.oneof(fc.constant("i"), fc.jsonValue()),
        replicas: fc.oneof(fc.nat(), fc.double()),
        kind: fc.constantFrom("Container", "VirtualMachine", "Pod", 1),
        placement: fc.oneof(fc.constantFrom("spread", "pack", { node: "n1" }), fc.jsonValue()),
        resources: fc.oneof(fc.constant({ cpu: "1" }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (item) => {
        const value = experiment({ workloads: [item] });
        expect(walk({ schema: { ...ExperimentSchema }, path: "" }, value).length === 0).toBe(
          Value.Check(ExperimentSchema, value),
        );
      }),
    );
  });
});

describe("parseProject", () => {
  const full = {
    members: [
      { user: "owner@example.org", role: "admin" },
      { group: "students", role: "editor" },
    ],
    quota: {
      cpu: "16",
      memory: "32Gi",
      gpu: { "nvidia.com/gpu": 2 },
      pods: 50,
      egressMbps: 2000,
      ingressMbps: 2000,
    },
    limits: { default: { cpu: "500m", memory: "256Mi" }, max: { cpu: "4", memory: "8Gi" } },
  };
  test("accepts the example of the architecture", () => {
    expect(parseProject(project(full)).ok).toBe(true);
  });
  test.each([
    ["role", project({ members: [{ user: "a", role: "owner" }] }), ["spec.members[0].role"]],
    [
      "user and group",
      project({ members: [{ user: "a", group: "b", role: "admin" }] }),
      ["spec.members[0]"],
    ],
    [
      "gpu",
      project({ quota: { gpu: { "nvidia.com/gpu": "2" } } }),
      ['spec.quota.gpu["nvidia.com/gpu"]'],
    ],
    ["memory", project({ limits: { max: { memory: "8 GB" } } }), ["spec.limits.max.memory"]],
    ["name", project({}, "lab.a"), ["metadata.name"]],
  ])("%s", (_, value, paths) => {
    const parsed = parseProject(value);
    expect(parsed.ok ? [] : parsed.error.map((error) => error.path)).toEqual(paths);
  });
});

describe("parseNetworkConfig", () => {
  const config = (spec: unknown, name = "default"): unknown => ({
    apiVersion: API_VERSION,
    kind: "NetworkConfig",
    metadata: { name },
    spec,
  });
  test("what is not said has its default", () => {
    expect(parseNetworkConfig(config({}))).toMatchObject({
      value: { spec: { overlay: "direct", encapsulate: "off-link", masqueradeExceptions: [] } },
    });
    const full = {
      overlay: "vxlan",
      encapsulate: "always",
      mtu: 1400,
      masqueradeExceptions: ["192.0.2.0/24", "2001:db8::/32"],
    };
    expect(parseNetworkConfig(config(full))).toMatchObject({ value: { spec: full } });
  });
  test.each([
    ["no spec", config(undefined), ["spec"]],
    ["another name", config({}, "other"), ["metadata.name"]],
    ["an overlay of later", config({ overlay: "srv6" }), ["spec.overlay"]],
    ["encapsulate", config({ encapsulate: true }), ["spec.encapsulate"]],
    ["an MTU too small for IPv6", config({ mtu: 1279 }), ["spec.mtu"]],
    ["an unknown field", config({ MTU: 1400 }), ["spec.MTU"]],
    [
      "prefixes",
      config({ masqueradeExceptions: ["192.0.2.1/24", "10.0.0.0/8", "fd00::/129"] }),
      ["spec.masqueradeExceptions[0]", "spec.masqueradeExceptions[2]"],
    ],
    [
      "an address",
      config({ masqueradeExceptions: ["192.0.2.1"] }),
      ["spec.masqueradeExceptions[0]"],
    ],
  ])("%s", (_, value, paths) => {
    const parsed = parseNetworkConfig(value);
    expect(parsed.ok ? [] : parsed.error.map((error) => error.path)).toEqual(paths);
  });
});

/** The kind `Experiment`: a set of workloads and everything around them; it owns what it creates. */
import { Type, type Static } from "typebox";
import { Conditions, Metadata } from "./project.ts";
import {
  API_VERSION,
  choice,
  cpuQuantity,
  dnsLabel,
  freeText,
  memoryQuantity,
  rateMbps,
  text,
} from "./words.ts";

const closed = { additionalProperties: false };
const mapByName = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };

const Port = Type.Object(
  {
    name: dnsLabel("Name of the port, unique in the workload.", "iperf"),
    port: Type.Integer({ description: "Port number.", minimum: 1, maximum: 65_535, example: 5201 }),
    protocol: Type.Optional(
      choice(["TCP", "UDP", "SCTP"], { description: "Transport protocol.", default: "TCP" }),
    ),
  },
  closed,
);

// A structural schema cannot say "a word or an object": the API server gets the nearest check, `validate` the full one.
const Placement = Type.Union(
  [
    Type.Enum(["spread", "pack"]),
    Type.Object({ node: dnsLabelWithDots("Name of a node.", "n2") }, closed),
  ],
  {
    description: "spread over nodes, pack on few, or {node: NAME}.",
    default: "spread",
    expected: "spread, pack or {node: NAME}",
    example: { node: "n2" },
  },
);

function dnsLabelWithDots(description: string, example: string): ReturnType<typeof text> {
  return text({
    description,
    pattern: "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
    maxLength: 253,
    expected: "a node name: lower-case letters, digits, '-' and '.'",
    example,
  });
}

const Workload = Type.Object(
  {
    name: dnsLabel("Name of the StatefulSet and its Service.", "server"),
    kind: Type.Optional(
      choice(["Container", "VirtualMachine"], { description: "What runs.", default: "Container" }),
    ),
    image: freeText("Container or disk image.", "localhost/seam/traffic:dev"),
    command: Type.Optional(
      Type.Array(Type.String({ maxLength: 4096 }), {
        description: "Replaces the image's entry point.",
        maxItems: 128,
        example: ["iperf3", "-s"],
      }),
    ),
    replicas: Type.Optional(
      Type.Integer({
        description: "Number of pods.",
        minimum: 0,
        maximum: 1000,
        default: 1,
        example: 2,
      }),
    ),
    ports: Type.Optional(
      Type.Array(Port, { description: "Ports of the Service.", maxItems: 64, ...mapByName }),
    ),
    resources: Type.Optional(
      Type.Object(
        {
          cpu: Type.Optional(cpuQuantity("Cores.")),
          memory: Type.Optional(memoryQuantity("Memory.")),
        },
        { ...closed, description: "Request and limit of each pod." },
      ),
    ),
    placement: Type.Optional(Placement),
    bandwidth: Type.Optional(
      Type.Object(
        {
          egressMbps: Type.Optional(rateMbps("Rate out of each pod, Mbit/s.")),
          ingressMbps: Type.Optional(rateMbps("Rate into each pod, Mbit/s.")),
        },
        { ...closed, description: "Reserved rate of each pod." },
      ),
    ),
    after: Type.Optional(
      Type.Array(dnsLabel("Name of a workload.", "server"), {
        description: "Created when these workloads are Ready.",
        maxItems: 16,
        example: ["server"],
      }),
    ),
  },
  closed,
);

const Policy = Type.Object(
  {
    from: dnsLabel("Name of the workload that opens connections.", "client"),
    to: dnsLabel("Name of the workload that accepts them.", "server"),
    ports: Type.Optional(
      Type.Array(
        text({
          description: "Port and protocol.",
          pattern: "^[1-9][0-9]{0,4}/(TCP|UDP|SCTP)$",
          maxLength: 10,
          expected: "PORT/PROTOCOL",
          example: "5201/TCP",
        }),
        { description: "Absent: all ports.", maxItems: 64, example: ["5201/TCP"] },
      ),
    ),
  },
  closed,
);

const WorkloadStatus = Type.Object({
  name: Type.String({ description: "Name of the workload." }),
  ready: Type.Integer({ description: "Pods that are Ready." }),
  desired: Type.Integer({ description: "Pods that should be." }),
  pods: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String({ description: "Name of the pod." }),
        node: Type.Optional(Type.String({ description: "Node it runs on." })),
        addresses: Type.Array(Type.String(), { description: "Its IP addresses." }),
      }),
    ),
  ),
});

const known = (list: string): string => `${list}.all(n, self.workloads.exists(v, v.name == n))`;

const Spec = Type.Object(
  {
    workloads: Type.Array(Workload, {
      description: "Each a StatefulSet with a headless Service: stable names, stable DNS.",
      minItems: 1,
      maxItems: 64,
      ...mapByName,
    }),
    policies: Type.Optional(
      Type.Array(Policy, {
        description:
          "When present, all else to and from the named workloads is denied, DNS excepted.",
        maxItems: 128,
      }),
    ),
    lifetime: Type.Optional(
      text({
        description: "After this the workloads are removed and the phase is Expired.",
        pattern: "^([1-9][0-9]*(d|h|m|s))+$",
        maxLength: 32,
        expected: "a duration in d, h, m and s",
        example: "24h",
      }),
    ),
  },
  {
    ...closed,
    description: "What should run.",
    "x-kubernetes-validations": [
      {
        rule: `self.workloads.all(w, !has(w.after) || ${known("w.after")})`,
        message:
          "workloads[].after: expected names of workloads of this experiment, for example [server]",
      },
      {
        rule: "self.workloads.all(w, !has(w.after) || !(w.name in w.after))",
        message: "workloads[].after: expected other workloads, not the workload itself",
      },
      {
        rule: `!has(self.policies) || self.policies.all(p, ${known("[p.from, p.to]")})`,
        message:
          "policies[]: expected names of workloads of this experiment, for example {from: client, to: server}",
      },
    ],
  },
);

/** Schema of `Experiment`. */
export const ExperimentSchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal("Experiment"),
    metadata: Metadata,
    spec: Spec,
    status: Type.Optional(
      Type.Object({
        phase: Type.Optional(
          choice(["Pending", "Progressing", "Ready", "Degraded", "Expired", "Failed"], {
            description: "Summary of the conditions.",
          }),
        ),
        workloads: Type.Optional(Type.Array(WorkloadStatus, mapByName)),
        conditions: Type.Optional(Conditions),
      }),
    ),
  },
  { ...closed, description: "A set of workloads and everything around them." },
);

/** A set of workloads and everything around them. */
export type Experiment = Static<typeof ExperimentSchema>;

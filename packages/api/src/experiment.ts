/** The kind `Experiment`: a set of workloads and everything around them; it owns what it creates. */
import { Type, type Static } from "typebox";
import { Conditions, Metadata } from "./project.ts";
import { Workload } from "./workload.ts";
import { API_VERSION, choice, dnsLabel, text } from "./words.ts";

const closed = { additionalProperties: false };
const mapByName = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };

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
        { description: "Absent: all ports.", minItems: 1, maxItems: 64, example: ["5201/TCP"] },
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
    suspend: Type.Optional(
      Type.Boolean({
        description:
          "Whether no pod shall run; all else of the experiment stays, and its lifetime goes on.",
        default: false,
        example: true,
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
          choice(
            ["Pending", "Progressing", "Ready", "Degraded", "Suspended", "Expired", "Failed"],
            {
              description: "Summary of the conditions.",
            },
          ),
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

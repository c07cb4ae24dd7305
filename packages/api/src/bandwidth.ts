/**
 * The kind `Bandwidth`, one per node: what the node can carry, who asked for a part of it, and what is left. Group, fields, states
 * and columns are those of vaclab-k8s-plugins (`networking.vaclab.org/v1`); all rates are whole Mbit/s, `ul` out of pods and `dl`
 * into them. What its README shows, without `spec.node` and with `spec.reservations`, is taken in too (decision 25).
 */
import { Type, type Static } from "typebox";
import { Metadata } from "./project.ts";
import { choice, GROUP } from "./words.ts";

const closed = { additionalProperties: false };

/** The API group of `Bandwidth`. */
export const BANDWIDTH_GROUP = "networking.vaclab.org";
/** The version of `Bandwidth`. */
export const BANDWIDTH_VERSION = "v1";
/** `apiVersion` and kind of `Bandwidth`. */
export const BANDWIDTH_KIND = {
  apiVersion: "networking.vaclab.org/v1",
  kind: "Bandwidth",
} as const;

/**
 * Annotation of a `Bandwidth` that the controller writes: where the capacity of the network comes from. `object`: somebody wrote it there;
 * `node`: an annotation of the node; `card`: the speed of its network card; `default`: nobody knows.
 */
export const CAPACITY_SOURCE_ANNOTATION = `${GROUP}/network-capacity-from`;
/** Its values. */
export const CAPACITY_SOURCES = ["object", "node", "card", "default"] as const;
/** One of them. */
export type CapacitySource = (typeof CAPACITY_SOURCES)[number];

const rate = (direction: string) =>
  Type.Integer({
    description: `${direction}, Mbit/s.`,
    minimum: 0,
    format: "int64",
    example: 100,
  });

const rates = (description: string, options: object = {}) =>
  Type.Object(
    { ulMbps: rate("Out of pods"), dlMbps: rate("Into pods") },
    { ...closed, description, ...options },
  );

/** A node that carries nothing is not what anybody means by 0. */
const SOMETHING = {
  "x-kubernetes-validations": [
    {
      rule: "self.ulMbps >= 1 && self.dlMbps >= 1",
      message:
        "expected ulMbps and dlMbps of at least 1 Mbit/s, for example 1000; leave both out, and what holds them, for what the node has by itself",
    },
  ],
};

const capacity = (description: string, options: object = {}) =>
  Type.Object(
    {
      local: Type.Optional(rates("Between pods of the node.", options)),
      network: Type.Optional(rates("Through the node's network interface.", options)),
    },
    { ...closed, description },
  );

const STATES = ["", "Created", "Creating", "Error", "Deleting", "Deleted", "None"] as const;

const pod = {
  podName: Type.Optional(Type.String({ description: "Name of the pod.", example: "web-0" })),
  podUid: Type.String({
    description: "Identifier of the pod.",
    minLength: 1,
    expected: "the pod's metadata.uid",
    example: "3f4f1a0e-8f0f-4b62-9c3e-5d1f1c1f5b21",
  }),
};
const namespace = Type.String({ description: "Namespace of the pod.", example: "lab-a" });

const Request = Type.Object(
  {
    ...pod,
    namespace: Type.Optional(namespace),
    linkLocal: Type.Optional(
      Type.Boolean({
        description: "Whether only traffic between pods of the node is asked for.",
        example: false,
      }),
    ),
    bandwidth: Type.Optional(rates("What is asked for.")),
  },
  { ...closed, description: "A part of the node's capacity that a scheduler gave to a pod." },
);

const Reservation = Type.Object(
  {
    ...pod,
    namespace,
    ip: Type.Optional(Type.String({ description: "Address of the pod." })),
    deploymentType: Type.Optional(
      Type.String({ description: "Kind of the workload that the pod belongs to, or Pod." }),
    ),
    deploymentName: Type.Optional(Type.String({ description: "Name of that workload." })),
    deploymentUid: Type.Optional(Type.String({ description: "Identifier of that workload." })),
    bandwidth: capacity("What the pod takes of each of the node's capacities."),
  },
  closed,
);

/** Schema of `Bandwidth`. */
export const BandwidthSchema = Type.Object(
  {
    apiVersion: Type.Literal(BANDWIDTH_KIND.apiVersion),
    kind: Type.Literal(BANDWIDTH_KIND.kind),
    metadata: Metadata,
    spec: Type.Object(
      {
        node: Type.Optional(
          Type.String({
            description: "The node; as the object is called, which it is when it is left out.",
            example: "n1",
          }),
        ),
        capacity: Type.Optional(
          capacity("What the node can carry; what is left out is filled in.", SOMETHING),
        ),
        requests: Type.Optional(
          Type.Array(Request, { description: "What schedulers gave to pods." }),
        ),
        reservations: Type.Optional(
          Type.Array(Type.Unknown({ "x-kubernetes-preserve-unknown-fields": true }), {
            description: "Of an older form: taken in and removed, as status.reservations has them.",
          }),
        ),
        status: Type.Optional(
          choice(STATES, { description: "Of an older form: kept, and nothing reads it." }),
        ),
      },
      { ...closed, description: "What the node can carry and who asked for a part of it." },
    ),
    status: Type.Optional(
      Type.Object({
        status: Type.Optional(
          choice(STATES, {
            description:
              "Created: accounted. Creating: its node is not in the cluster yet. Error: errorReason says what to correct. Deleting: its node is gone.",
          }),
        ),
        errorReason: Type.Optional(
          Type.String({ description: "What is wrong and what to do; empty when nothing is." }),
        ),
        capacity: Type.Optional(capacity("What the node can carry.")),
        used: Type.Optional(capacity("The sum of the reservations.")),
        remaining: Type.Optional(capacity("What can still be given to pods.")),
        measured: Type.Optional(
          Type.Object(
            {
              network: Type.Optional(
                rates("Through the node's links to other nodes, pods and the node itself."),
              ),
            },
            {
              ...closed,
              description:
                "What the node's agent has measured in half a minute, where pods have rates.",
            },
          ),
        ),
        reservations: Type.Optional(
          Type.Array(Reservation, { description: "The pods that take a part." }),
        ),
        updatedAt: Type.Optional(
          Type.String({ description: "When the status last changed.", format: "date-time" }),
        ),
      }),
    ),
  },
  { ...closed, description: "The bandwidth of a node, in Mbit/s; named as the node." },
);

/** The bandwidth of a node. */
export type Bandwidth = Static<typeof BandwidthSchema>;

/** The kind `Project`: a tenant; its name is its namespace's name. */
import { Type, type Static } from "typebox";
import {
  API_VERSION,
  choice,
  countsByName,
  cpuQuantity,
  freeText,
  memoryQuantity,
  rateMbps,
} from "./words.ts";

const closed = { additionalProperties: false };

const Member = Type.Object(
  {
    user: Type.Optional(
      freeText("User name as the cluster's authentication gives it.", "owner@example.org"),
    ),
    group: Type.Optional(
      freeText("Group name as the cluster's authentication gives it.", "students"),
    ),
    role: choice(["viewer", "editor", "admin"], { description: "What the member may do." }),
  },
  {
    ...closed,
    exactlyOne: ["user", "group"],
    example: { user: "owner@example.org", role: "admin" },
  },
);

const Quota = Type.Object(
  {
    cpu: Type.Optional(cpuQuantity("Cores that all pods together may request.")),
    memory: Type.Optional(memoryQuantity("Memory that all pods together may request.")),
    gpu: Type.Optional(
      countsByName({
        description: "Devices by extended resource or device class.",
        keys: {
          pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
          expected: "an extended resource, DOMAIN/NAME, or the name of a device class",
          example: "nvidia.com/gpu",
        },
        example: { "nvidia.com/gpu": 2 },
      }),
    ),
    pods: Type.Optional(Type.Integer({ description: "Number of pods.", minimum: 0, example: 50 })),
    egressMbps: Type.Optional(rateMbps("Reserved rate out of pods, Mbit/s.")),
    ingressMbps: Type.Optional(rateMbps("Reserved rate into pods, Mbit/s.")),
  },
  { ...closed, description: "Becomes a ResourceQuota." },
);

const QuotaUsage = Type.Object({
  resource: Type.String({
    description:
      "Name of the resource in the ResourceQuota; egressMbps and ingressMbps, as in spec.quota, for what pods reserve by their rates, Mbit/s.",
  }),
  used: Type.String({ description: "What all pods together use." }),
  limit: Type.String({ description: "What they may use." }),
});

const resourceList = (description: string, rates: string): ReturnType<typeof makeResourceList> =>
  makeResourceList(description, rates);

function makeResourceList(description: string, rates: string) {
  return Type.Object(
    {
      cpu: Type.Optional(cpuQuantity("Cores.")),
      memory: Type.Optional(memoryQuantity("Memory.")),
      egressMbps: Type.Optional(rateMbps(`${rates} out of it, Mbit/s.`)),
      ingressMbps: Type.Optional(rateMbps(`${rates} into it, Mbit/s.`)),
    },
    { ...closed, description },
  );
}

const Condition = Type.Object({
  type: Type.String({ description: "Name of the condition." }),
  status: choice(["True", "False", "Unknown"], { description: "Whether it holds." }),
  reason: Type.String({ description: "One word for programs." }),
  message: Type.String({ description: "A sentence for people." }),
  lastTransitionTime: Type.String({ description: "When the status last changed, RFC 3339." }),
  observedGeneration: Type.Optional(Type.Integer({ description: "Generation it speaks of." })),
});

/** Conditions of any kind, keyed by type so that server-side apply merges them. */
export const Conditions = Type.Array(Condition, {
  description: "Decisions and their reasons.",
  maxItems: 32,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
});

/** Metadata: only the fields Seam reads; the API server checks the rest. */
export const Metadata = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253, expected: "a name", example: "two-tier" }),
  namespace: Type.Optional(Type.String()),
});

/** Schema of `Project`. */
export const ProjectSchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal("Project"),
    metadata: Metadata,
    spec: Type.Object(
      {
        members: Type.Optional(
          Type.Array(Member, { description: "Become RoleBindings.", maxItems: 256, default: [] }),
        ),
        quota: Type.Optional(Quota),
        limits: Type.Optional(
          Type.Object(
            {
              default: Type.Optional(
                resourceList(
                  "Of a container that asks for nothing, and of a pod that names no rate.",
                  "Rate of such a pod",
                ),
              ),
              max: Type.Optional(
                resourceList(
                  "The most a container, and a pod by its rates, may ask for.",
                  "Highest rate of a pod",
                ),
              ),
            },
            {
              ...closed,
              description:
                "Becomes a LimitRange; rates are held by admission, as are those of the quota.",
            },
          ),
        ),
      },
      { ...closed, description: "What the tenant may use and who belongs to it." },
    ),
    status: Type.Optional(
      Type.Object({
        phase: Type.Optional(
          choice(["Pending", "Ready", "Failed"], { description: "Summary of the conditions." }),
        ),
        conditions: Type.Optional(Conditions),
        experiments: Type.Optional(
          Type.Integer({
            description:
              "Experiments in the namespace whose lifetime is not over; while there are any, the project is not deleted.",
          }),
        ),
        quota: Type.Optional(
          Type.Array(QuotaUsage, {
            description: "What the quota allows and what is used of it.",
            maxItems: 64,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["resource"],
          }),
        ),
      }),
    ),
  },
  {
    ...closed,
    description: "A tenant; its name is its namespace's name.",
    "x-kubernetes-validations": [
      {
        rule: "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 63",
        message:
          "metadata.name: expected a DNS label of at most 63 characters, as it names the namespace, for example lab-a",
      },
    ],
  },
);

/** A tenant. */
export type Project = Static<typeof ProjectSchema>;

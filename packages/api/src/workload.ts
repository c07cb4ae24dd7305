/** One workload of an experiment: pods that are alike, and everything that a user says of them. */
import { Type } from "typebox";
import {
  choice,
  countsByName,
  cpuQuantity,
  dnsLabel,
  dnsName,
  freeText,
  GROUP,
  labelKey,
  memoryQuantity,
  rateMbps,
  text,
} from "./words.ts";

const closed = { additionalProperties: false };
const mapBy = (key: string): object => ({
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": [key],
});

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

const entryOf = (kind: "Secret" | "ConfigMap"): ReturnType<typeof makeEntryOf> => makeEntryOf(kind);

function makeEntryOf(kind: "Secret" | "ConfigMap") {
  return Type.Object(
    {
      name: dnsName(`Name of the ${kind}.`, "settings"),
      key: freeText(`Key in the ${kind}.`, "mode"),
    },
    { ...closed, description: `An entry of a ${kind} of the same namespace.` },
  );
}

const Variable = Type.Object(
  {
    name: text({
      description: "Name of the variable.",
      pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
      maxLength: 256,
      expected: "letters, digits and '_', not starting with a digit",
      example: "MODE",
    }),
    value: Type.Optional(
      Type.String({ description: "Its value.", maxLength: 32_768, example: "fast" }),
    ),
    secret: Type.Optional(entryOf("Secret")),
    configMap: Type.Optional(entryOf("ConfigMap")),
  },
  {
    ...closed,
    exactlyOne: ["value", "secret", "configMap"],
    example: { name: "MODE", value: "fast" },
  },
);

const mountPath = (): ReturnType<typeof text> =>
  text({
    description: "Folder in the container.",
    pattern: "^/[^:]*$",
    maxLength: 512,
    expected: "an absolute path without ':'",
    example: "/data",
  });

const Files = Type.Object(
  {
    path: mountPath(),
    configMap: Type.Optional(
      dnsName("ConfigMap of the same namespace whose keys are the files.", "settings"),
    ),
    secret: Type.Optional(
      dnsName("Secret of the same namespace whose keys are the files.", "keys"),
    ),
  },
  {
    ...closed,
    exactlyOne: ["configMap", "secret"],
    example: { path: "/etc/app", configMap: "settings" },
  },
);

const Volume = Type.Object(
  {
    path: mountPath(),
    claim: Type.Optional(
      dnsName(
        "PersistentVolumeClaim of the same namespace; all pods of the workload share it.",
        "results",
      ),
    ),
    scratch: Type.Optional(
      memoryQuantity(
        "Room on the node's disk, at most this much; empty at first, gone with the pod.",
      ),
    ),
    memory: Type.Optional(
      memoryQuantity(
        "Room in memory, at most this much, counted as the pod's own; gone with the pod.",
      ),
    ),
  },
  {
    ...closed,
    exactlyOne: ["claim", "scratch", "memory"],
    example: { path: "/data", scratch: "1Gi" },
  },
);

const topologyKey = (description: string): ReturnType<typeof text> =>
  text({ ...labelKey, description, maxLength: 316, example: "topology.kubernetes.io/zone" });

// A structural schema cannot say "a word or an object": the API server gets the nearest check, `validate` the full one.
const Placement = Type.Union(
  [
    Type.Enum(["spread", "pack"]),
    Type.Object({ node: dnsName("Name of a node.", "n2") }, closed),
    Type.Object({ spread: topologyKey("Label of nodes over whose values to spread.") }, closed),
    Type.Object({ pack: topologyKey("Label of nodes in one of whose values to pack.") }, closed),
  ],
  {
    description:
      "spread over nodes, pack on few, {node: NAME}, or {spread: KEY} and {pack: KEY} by a label of nodes.",
    default: "spread",
    expected: "spread, pack, {node: NAME}, {spread: KEY} or {pack: KEY}",
    example: { node: "n2" },
  },
);

/** Schema of a workload. */
export const Workload = Type.Object(
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
    args: Type.Optional(
      Type.Array(Type.String({ maxLength: 4096 }), {
        description: "Replaces the image's arguments.",
        maxItems: 128,
        example: ["--verbose"],
      }),
    ),
    env: Type.Optional(
      Type.Array(Variable, {
        description: "Environment variables.",
        maxItems: 128,
        ...mapBy("name"),
      }),
    ),
    files: Type.Optional(
      Type.Array(Files, {
        description: "Folders whose files are the entries of a ConfigMap or Secret, read-only.",
        maxItems: 16,
        ...mapBy("path"),
      }),
    ),
    volumes: Type.Optional(
      Type.Array(Volume, {
        description: "Folders in which each pod can write.",
        maxItems: 16,
        ...mapBy("path"),
      }),
    ),
    labels: Type.Optional(
      Type.Record(
        Type.String(),
        Type.String({
          maxLength: 63,
          pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
          expected: "letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
          example: "blue",
        }),
        {
          description: "Further labels of the pods.",
          maxProperties: 32,
          keys: labelKey,
          example: { team: "blue" },
          "x-kubernetes-validations": [
            {
              rule: `self.all(key, !key.startsWith('${GROUP}/'))`,
              message: `expected labels that do not begin with ${GROUP}/, which are Seam's own, for example {"team":"blue"}`,
            },
          ],
        },
      ),
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
      Type.Array(Port, { description: "Ports of the Service.", maxItems: 64, ...mapBy("name") }),
    ),
    resources: Type.Optional(
      Type.Object(
        {
          cpu: Type.Optional(cpuQuantity("Cores.")),
          memory: Type.Optional(memoryQuantity("Memory.")),
          gpu: Type.Optional(
            countsByName({
              description: "Devices by extended resource.",
              keys: {
                pattern:
                  "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
                expected: "an extended resource, DOMAIN/NAME",
                example: "nvidia.com/gpu",
              },
              example: { "nvidia.com/gpu": 1 },
            }),
          ),
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
    restartedAt: Type.Optional(
      text({
        description: "A change replaces the workload's pods one after another.",
        pattern:
          "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$",
        maxLength: 35,
        expected: "a time of RFC 3339",
        example: "2026-11-26T12:00:00Z",
      }),
    ),
  },
  {
    ...closed,
    "x-kubernetes-validations": [
      {
        rule: "!has(self.files) || !has(self.volumes) || self.files.all(f, self.volumes.all(v, v.path != f.path))",
        message:
          "files[].path and volumes[].path: expected different paths, for example /etc/app and /data",
      },
    ],
  },
);

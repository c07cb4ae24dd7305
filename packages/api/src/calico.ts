/**
 * Calico's kinds as Seam installs them (projectcalico.org/v3). Names, limits and columns are those of projectcalico/calico,
 * api/pkg/apis/projectcalico/v3; what nobody here knows is kept, so that who reads a policy can say so.
 */
import type { KindNames } from "./crd.ts";
import type { Json } from "./node.ts";

const GROUP = "projectcalico.org";
const OPEN = { "x-kubernetes-preserve-unknown-fields": true };

const text = (description: string, maxLength: number): Json => ({
  type: "string",
  description,
  maxLength,
});
const listOf = (description: string, items: Json, maxItems: number): Json => ({
  type: "array",
  description,
  maxItems,
  items,
});
const open = (description: string, properties: Json): Json => ({
  type: "object",
  description,
  properties,
  ...OPEN,
});

const selector = (of: string): Json =>
  text(`Expression over labels of ${of}, such as app == "web".`, 1024);

const protocol = (description: string): Json => ({
  "x-kubernetes-int-or-string": true,
  description,
  anyOf: [{ type: "integer" }, { type: "string" }],
  pattern: "^(?i:TCP|UDP|SCTP|ICMP|ICMPv6|UDPLite)$",
  minimum: 1,
  maximum: 255,
});

const PORT = {
  "x-kubernetes-int-or-string": true,
  anyOf: [{ type: "integer" }, { type: "string" }],
  pattern: "^[0-9A-Za-z]([0-9A-Za-z:._-]*[0-9A-Za-z])?$",
  maxLength: 63,
  minimum: 0,
  maximum: 65_535,
};

const NET = { type: "string", minLength: 1, maxLength: 43 };

const whole = (description: string, maximum: number): Json => ({
  type: "integer",
  description,
  minimum: 0,
  maximum,
});

const icmp = (description: string): Json => ({
  ...open(description, {
    type: whole("Type of the message.", 254),
    code: whole("Code within the type.", 255),
  }),
  "x-kubernetes-validations": [
    { rule: "!has(self.code) || has(self.type)", message: "expected a type beside the code" },
  ],
});

const entity = (end: string): Json =>
  open(`What is asked of the ${end}; all of it must hold.`, {
    nets: listOf("Its address is in one of these blocks.", NET, 256),
    notNets: listOf("Its address is in none of these blocks.", NET, 256),
    selector: selector("pods and sets"),
    notSelector: selector("pods and sets that are not meant"),
    namespaceSelector: selector("namespaces; global() for sets of the whole cluster"),
    ports: listOf("Its port: a number, a range as 80:90, a name.", PORT, 50),
    notPorts: listOf("Ports that are not meant.", PORT, 50),
    serviceAccounts: open("The account that its pod runs as.", {
      names: listOf("One of these names.", text("Name of an account.", 253), 1024),
      selector: selector("service accounts"),
    }),
    services: open("A Service whose pods are meant.", {
      name: text("Name of the Service.", 253),
      namespace: text("Its namespace.", 253),
    }),
  });

const hasPorts = ["source.ports", "source.notPorts", "destination.ports", "destination.notPorts"]
  .map((field) => `(has(self.${field.split(".")[0]}) && has(self.${field}))`)
  .join(" || ");

const RULE = {
  ...open("A rule; the first that fits decides.", {
    action: {
      type: "string",
      description: "What becomes of packets that fit.",
      enum: ["Allow", "Deny", "Log", "Pass"],
    },
    ipVersion: { type: "integer", description: "Packets of this family only.", enum: [4, 6] },
    protocol: protocol("Packets of this protocol only, by name or number."),
    notProtocol: protocol("Packets of any other protocol."),
    icmp: icmp("ICMP messages of this type."),
    notICMP: icmp("ICMP messages of any other type."),
    source: entity("sender"),
    destination: entity("receiver"),
    metadata: open("Notes about the rule.", {
      annotations: { type: "object", additionalProperties: { type: "string" } },
    }),
  }),
  required: ["action"],
  "x-kubernetes-validations": [
    {
      rule: `has(self.protocol) || !(${hasPorts})`,
      message: "expected a protocol, such as TCP, beside ports",
    },
    {
      rule: "has(self.protocol) || !(has(self.icmp) || has(self.notICMP))",
      message: "expected the protocol ICMP or ICMPv6 beside icmp",
    },
  ],
};

const order = (what: string): Json => ({
  type: "number",
  description: `The lowest comes first; ${what} without one come last.`,
});

const POLICY = {
  tier: {
    ...text("The tier that the policy belongs to.", 253),
    minLength: 1,
    default: "default",
  },
  order: order("policies"),
  selector: selector("pods that the policy is about; all when it is empty"),
  serviceAccountSelector: selector("the service accounts of those pods"),
  types: {
    ...listOf(
      "Directions that the policy is about; those of its rules when missing.",
      { type: "string", enum: ["Ingress", "Egress"] },
      2,
    ),
    minItems: 1,
    "x-kubernetes-list-type": "set",
  },
  ingress: listOf("Rules about what comes to the pods.", RULE, 1024),
  egress: listOf("Rules about what the pods send.", RULE, 1024),
  performanceHints: listOf(
    "Hints that change nothing of what is enforced.",
    { type: "string", enum: ["AssumeNeededOnEveryNode"] },
    1,
  ),
};

const flag = (description: string): Json => ({ type: "boolean", description });

const GLOBAL_POLICY = {
  ...POLICY,
  namespaceSelector: selector("the namespaces of those pods"),
  doNotTrack: flag("Before connections are tracked; Seam does not support it."),
  preDNAT: flag("About what comes to host endpoints, before its destination is translated."),
  applyOnForward: flag("Also about what host endpoints forward, not about their programs alone."),
};

const BEFORE = "!has(self.preDNAT) || !self.preDNAT";
/** What Calico's API server refuses. */
const GLOBAL_RULES = [
  {
    rule: `${BEFORE} || (has(self.applyOnForward) && self.applyOnForward)`,
    message: "expected applyOnForward: true beside preDNAT",
  },
  {
    rule: `${BEFORE} || ((!has(self.egress) || size(self.egress) == 0) && (!has(self.types) || !("Egress" in self.types)))`,
    message: "expected no egress beside preDNAT, which is about what comes in",
  },
];

const HOST_ENDPOINT = {
  node: { ...text("The node whose interface it is.", 253), minLength: 1 },
  interfaceName: {
    type: "string",
    description: "The interface, or * for all that no other endpoint is for.",
    pattern: "^([*]|[a-zA-Z0-9_.-]{1,15})$",
  },
  expectedIPs: listOf(
    "Addresses of the interface; without interfaceName they tell which it is.",
    NET,
    256,
  ),
  profiles: listOf(
    "projectcalico-default-allow: what no policy decides about passes; without it such is denied.",
    text("Name of a profile.", 253),
    16,
  ),
  ports: listOf(
    "Ports of the node's programs that rules can name.",
    {
      ...open("A port with a name.", {
        name: { ...text("What rules call it.", 63), minLength: 1 },
        protocol: protocol("TCP, UDP or SCTP."),
        port: { ...whole("Its number.", 65_535), minimum: 1 },
      }),
      required: ["name", "protocol", "port"],
    },
    128,
  ),
};

const HOST_RULES = [
  {
    rule: "has(self.interfaceName) || (has(self.expectedIPs) && size(self.expectedIPs) > 0)",
    message: "expected interfaceName, or expectedIPs",
  },
];

const SET = { nets: listOf("Blocks of addresses that belong to the set.", NET, 100_000) };

const CONDITION = {
  type: "object",
  required: ["type", "status"],
  properties: Object.fromEntries([
    ...["type", "reason", "message"].map((name) => [name, { type: "string" }]),
    ["status", { type: "string", enum: ["True", "False", "Unknown"] }],
    ["lastTransitionTime", { type: "string", format: "date-time" }],
    ["observedGeneration", { type: "integer", format: "int64" }],
  ]),
};

const STATUS = open("What became of it.", {
  conditions: listOf("Accepted: whether nodes understand all of it.", CONDITION, 16),
});

const column = (name: string, type: string, jsonPath: string): KindNames["columns"][number] => ({
  name,
  type,
  jsonPath,
});
const AGE = column("Age", "date", ".metadata.creationTimestamp");
const ORDER = column("Order", "number", ".spec.order");
const ACCEPTED = column("Accepted", "string", ".status.conditions[?(@.type=='Accepted')].status");
const POLICY_COLUMNS = [column("Tier", "string", ".spec.tier"), ORDER, ACCEPTED, AGE];

type Definition = KindNames & {
  readonly description: string;
  readonly spec: Json;
  readonly required?: readonly string[];
  readonly rules?: readonly Json[];
};

const DEFINITIONS: readonly Definition[] = [
  {
    kind: "Tier",
    plural: "tiers",
    shortNames: [],
    scope: "Cluster",
    columns: [ORDER, column("DefaultAction", "string", ".spec.defaultAction"), ACCEPTED, AGE],
    description: "A stage of policies, which are asked tier by tier.",
    spec: {
      order: order("tiers"),
      defaultAction: {
        type: "string",
        description:
          "What becomes of packets to or from pods of the tier's policies that no rule fits.",
        enum: ["Pass", "Deny"],
        default: "Deny",
      },
    },
  },
  {
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    shortNames: ["cnp", "caliconetworkpolicy"],
    scope: "Namespaced",
    columns: POLICY_COLUMNS,
    description: "Ordered rules about pods of a namespace.",
    spec: POLICY,
  },
  {
    kind: "GlobalNetworkPolicy",
    plural: "globalnetworkpolicies",
    shortNames: ["gnp", "cgnp"],
    scope: "Cluster",
    columns: POLICY_COLUMNS,
    description: "Ordered rules about pods of the whole cluster.",
    spec: GLOBAL_POLICY,
    rules: GLOBAL_RULES,
  },
  {
    kind: "NetworkSet",
    plural: "networksets",
    shortNames: [],
    scope: "Namespaced",
    columns: [ACCEPTED, AGE],
    description: "Blocks of addresses that policies select by the labels of the set.",
    spec: SET,
  },
  {
    kind: "GlobalNetworkSet",
    plural: "globalnetworksets",
    shortNames: [],
    scope: "Cluster",
    columns: [ACCEPTED, AGE],
    description: "Blocks of addresses for policies of the whole cluster.",
    spec: SET,
  },
  {
    kind: "HostEndpoint",
    plural: "hostendpoints",
    shortNames: ["hep", "heps"],
    scope: "Cluster",
    columns: [
      column("Node", "string", ".spec.node"),
      column("Interface", "string", ".spec.interfaceName"),
      ACCEPTED,
      AGE,
    ],
    description:
      "An interface of a node, with labels by which policies of the cluster are about it.",
    spec: HOST_ENDPOINT,
    required: ["node"],
    rules: HOST_RULES,
  },
];

/** The CustomResourceDefinitions of Calico's kinds that Seam enforces. */
export const calicoDefinitions = (): readonly Json[] => DEFINITIONS.map(definitionOf);

function definitionOf({ kind, plural, shortNames, scope, columns, ...of }: Definition): Json {
  const properties = {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object" },
    spec: {
      ...open("What it asks for.", of.spec),
      ...(of.required === undefined ? {} : { required: of.required }),
      ...(of.rules === undefined ? {} : { "x-kubernetes-validations": of.rules }),
    },
    status: STATUS,
  };
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      // The API server drops an empty list, over which later appliers would then disagree.
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        ...(shortNames.length === 0 ? {} : { shortNames }),
      },
      versions: [
        {
          name: "v3",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", description: of.description, properties },
          },
          subresources: { status: {} },
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

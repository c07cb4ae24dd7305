/** The kind `NetworkConfig`: how pods of different nodes reach each other; one object, called `default`. */
import { Type, type Static } from "typebox";
import { Conditions, Metadata } from "./project.ts";
import { API_VERSION, choice } from "./words.ts";

const closed = { additionalProperties: false };

/** The name of the only `NetworkConfig` of a cluster. */
export const NETWORK_CONFIG_NAME = "default";

const Prefix = Type.String({
  description: "A range of addresses.",
  pattern: "^[0-9A-Fa-f:.]+/[0-9]{1,3}$",
  maxLength: 43,
  expected: "an address prefix without host bits",
  example: "192.0.2.0/24",
  "x-kubernetes-validations": [
    {
      rule: "isCIDR(self) && cidr(self) == cidr(self).masked()",
      message: 'expected an address prefix without host bits, for example "192.0.2.0/24"',
    },
  ],
});

/** Schema of `NetworkConfig`. */
export const NetworkConfigSchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal("NetworkConfig"),
    metadata: Metadata,
    spec: Type.Object(
      {
        overlay: Type.Optional(
          choice(["direct", "vxlan"], {
            description:
              "How packets to pods of other nodes travel: as they are, which needs all nodes on one link, or in VXLAN (UDP port 4789).",
            default: "direct",
          }),
        ),
        encapsulate: Type.Optional(
          choice(["off-link", "always"], {
            description:
              "With overlay vxlan: which nodes are reached through it, those behind a router or all.",
            default: "off-link",
          }),
        ),
        mtu: Type.Optional(
          Type.Integer({
            description:
              "MTU of pods made from now on; by default what the node's uplink carries less 50 for VXLAN in IPv4 or 70 in IPv6, and never more.",
            minimum: 1280,
            maximum: 65_535,
            example: 1400,
          }),
        ),
        masqueradeExceptions: Type.Optional(
          Type.Array(Prefix, {
            description:
              "Destinations outside the cluster that see pods' own addresses instead of their node's.",
            maxItems: 64,
            default: [],
          }),
        ),
        fastPath: Type.Optional(
          choice(["enabled", "disabled"], {
            description:
              "Whether packets of established flows between two pods of one node skip that node's network stack.",
            default: "enabled",
          }),
        ),
      },
      { ...closed, description: "What is not said has its default, also without the object." },
    ),
    status: Type.Optional(
      Type.Object({
        phase: Type.Optional(
          choice(["Ready", "Failed"], { description: "Summary of the conditions." }),
        ),
        conditions: Type.Optional(Conditions),
      }),
    ),
  },
  {
    ...closed,
    description: "The pod network of the whole cluster; the only object is called default.",
    "x-kubernetes-validations": [
      {
        rule: "self.metadata.name == 'default'",
        message: "metadata.name: expected default, as a cluster has one NetworkConfig",
      },
    ],
  },
);

/** How pods of different nodes reach each other. */
export type NetworkConfig = Static<typeof NetworkConfigSchema>;
